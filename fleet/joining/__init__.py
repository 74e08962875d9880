"""How a unit comes into the fleet: vouchers, the door units knock at, and a person's decision."""
