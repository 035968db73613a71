//! The exponential function and logarithms of decimals, to 32 significant digits (`DecimalType`, `MathContext(32)`).
//!
//! Numbers are integers that count units of `10^-DIGITS`.

use num_bigint::{BigInt, Sign};
use quorate_protocol::value::Decimal;

use super::number::bounded;

/// Digits after the point while computing.
const DIGITS: u32 = 100;
/// Significant digits of a result.
const PRECISION: usize = 32;
/// The largest argument of the exponential function: its result has about 4,300 digits before the point.
const EXPONENT_MAX: i64 = 10_000;

/// `e^x`. `None` if the argument is too large.
pub(super) fn exp(x: &Decimal) -> Option<Decimal> {
    let fixed = to_fixed(x)?;
    if fixed.magnitude() > (one() * EXPONENT_MAX).magnitude() {
        return None;
    }
    let (mut reduced, mut halvings) = (BigInt::from_biguint(Sign::Plus, fixed.magnitude().clone()), 0);
    while reduced > one() / 8 {
        reduced /= 2;
        halvings += 1;
    }
    let (mut term, mut sum) = (one(), one());
    for index in 1_i64.. {
        term = &term * &reduced / one() / index;
        if term.sign() == Sign::NoSign {
            break;
        }
        sum += &term;
    }
    for _ in 0..halvings {
        sum = &sum * &sum / one();
    }
    let whole = Decimal { unscaled: sum, scale: DIGITS as i32 };
    Some(rounded(if fixed.sign() == Sign::Minus { reciprocal(&whole)? } else { whole }))
}

/// The natural logarithm. `None` of what is not positive.
pub(super) fn ln(x: &Decimal) -> Option<Decimal> {
    Some(rounded(Decimal { unscaled: fixed_ln(x)?, scale: DIGITS as i32 }))
}

/// The logarithm to the base 10. `None` of what is not positive.
pub(super) fn log10(x: &Decimal) -> Option<Decimal> {
    Some(rounded(Decimal { unscaled: fixed_ln(x)? * one() / ln_10(), scale: DIGITS as i32 }))
}

fn one() -> BigInt {
    BigInt::from(10).pow(DIGITS)
}

fn to_fixed(x: &Decimal) -> Option<BigInt> {
    let shift = (DIGITS as i32).checked_sub(x.scale)?;
    Some(match shift {
        0.. => &x.unscaled * BigInt::from(10).pow(bounded(shift)?),
        _ => &x.unscaled / BigInt::from(10).pow(bounded(shift.checked_neg()?)?),
    })
}

/// `x = m * 10^n` with `m` of one digit before the point: `ln x = ln m + n ln 10`.
fn fixed_ln(x: &Decimal) -> Option<BigInt> {
    if x.unscaled.sign() != Sign::Plus {
        return None;
    }
    let digits = i32::try_from(x.unscaled.to_string().len()).ok()?;
    let exponent = digits.checked_sub(1)?.checked_sub(x.scale)?;
    let mantissa = to_fixed(&Decimal { unscaled: x.unscaled.clone(), scale: digits - 1 })?;
    let halved = mantissa > one() * 3;
    let (mantissa, exponent) = if halved { (mantissa / 10, exponent.checked_add(1)?) } else { (mantissa, exponent) };
    let ratio = (&mantissa - one()) * one() / (&mantissa + one());
    Some(twice_atanh(&ratio) + ln_10() * exponent)
}

fn ln_10() -> BigInt {
    let ln_2 = twice_atanh(&(one() / 3));
    ln_2 * 3 + twice_atanh(&(one() / 9))
}

fn twice_atanh(z: &BigInt) -> BigInt {
    let square = z * z / one();
    let (mut power, mut sum) = (z.clone(), BigInt::ZERO);
    for odd in (1_i64..).step_by(2) {
        if power.sign() == Sign::NoSign {
            break;
        }
        sum += &power / odd;
        power = &power * &square / one();
    }
    sum * 2
}

/// To more digits than a result has.
fn reciprocal(x: &Decimal) -> Option<Decimal> {
    let digits = u32::try_from(x.unscaled.to_string().len()).ok()? + PRECISION as u32 * 2;
    let scale = i32::try_from(digits).ok()?.checked_sub(x.scale)?;
    Some(Decimal { unscaled: BigInt::from(10).pow(digits) / &x.unscaled, scale })
}

/// To the digits of a result, half up.
fn rounded(x: Decimal) -> Decimal {
    let excess = x.unscaled.magnitude().to_string().len().saturating_sub(PRECISION);
    if excess == 0 {
        return x;
    }
    let unit = BigInt::from(10).pow(excess as u32);
    let half = if x.unscaled.sign() == Sign::Minus { &unit / -2 } else { &unit / 2 };
    let unscaled: BigInt = (&x.unscaled + half) / unit;
    let rounded = Decimal { unscaled, scale: x.scale - excess as i32 };
    // 99…9 has become 100…0
    if rounded.unscaled.magnitude().to_string().len() > PRECISION {
        return Decimal { unscaled: rounded.unscaled / 10, scale: rounded.scale - 1 };
    }
    rounded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn the_digits_are_those_that_are_known() {
        assert_eq!(exp(&decimal("1")), Some(decimal("2.7182818284590452353602874713527")));
        assert_eq!(exp(&decimal("-1")), Some(decimal("0.36787944117144232159552377016146")));
        assert_eq!(exp(&decimal("100")).unwrap().unscaled, decimal("2.6881171418161354484126255515800").unscaled);
        assert_eq!(ln(&decimal("2")), Some(decimal("0.69314718055994530941723212145818")));
        assert_eq!(ln(&decimal("0.001")), Some(decimal("-6.9077552789821370520539743640531")));
        assert_eq!(log10(&decimal("2")), Some(decimal("0.30102999566398119521373889472449")));
        assert_eq!((ln(&decimal("0")), ln(&decimal("-1")), exp(&decimal("1E9"))), (None, None, None));
    }
}
