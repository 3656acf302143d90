//! Prices as vendors write them, dollars with a point, as whole micro-dollars.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// An amount times ten to the power of `shift`, as the nearest integer.
pub(super) fn scaled(amount: &Value, shift: usize) -> Result<u64> {
    // The shortest digits of a float are the ones that stood in the file; Display never writes an exponent.
    let text = match amount {
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) => whole.to_string(),
            (None, Some(float)) => float.to_string(),
            _ => bail!("{amount} is no price"),
        },
        Value::String(text) => text.clone(),
        _ => bail!("{amount} is no price"),
    };
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let (kept, lost) = part.split_at(part.len().min(shift));
    let exact: u64 = format!("{whole}{kept:0<shift$}").parse().with_context(|| format!("{amount} is no price"))?;
    let first = lost.bytes().next().unwrap_or(b'0');
    let tie = first == b'5' && lost.bytes().skip(1).all(|digit| digit == b'0');
    let up = if tie { exact % 2 == 1 } else { first >= b'5' };
    Ok(exact + u64::from(up))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dollars_become_the_nearest_micro_dollars() {
        for (amount, shift, expected) in [
            (json!(3), 6, 3_000_000),
            (json!(0.075), 6, 75_000),
            (json!("1.25"), 6, 1_250_000),
            (json!(2.5e-6), 12, 2_500_000),
            (json!(0.000_000_5), 6, 0),
            (json!(0.000_001_5), 6, 2),
        ] {
            assert_eq!(scaled(&amount, shift).unwrap(), expected, "{amount}");
        }
        for wrong in [json!(-1), json!("x"), json!(null), json!([])] {
            assert!(scaled(&wrong, 6).is_err(), "{wrong}");
        }
    }
}
