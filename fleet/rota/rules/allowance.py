"""The rota allowance: a part of salary for being on a rota. Pure."""

from decimal import ROUND_HALF_UP, Decimal

_PENNY = Decimal("0.01")
_MONTHS = 12


def monthly_allowance_gbp(salary_gbp: Decimal | int, permille: int) -> Decimal:
    """The allowance of a month, exact to the penny, half a penny rounded up. `salary_gbp` is a year's, pounds;
    `permille` thousandths of it, as 125 for 12.5 %. Raises ValueError for less than 0."""
    if salary_gbp < 0 or permille < 0:
        raise ValueError("Salary and allowance cannot be less than 0")
    return (Decimal(salary_gbp) * permille / 1000 / _MONTHS).quantize(_PENNY, ROUND_HALF_UP)
