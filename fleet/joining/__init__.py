"""How a unit comes into the fleet, and back into it: vouchers, the doors units knock at, and a person's decision."""
