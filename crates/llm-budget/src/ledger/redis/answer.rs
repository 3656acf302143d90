//! What the scripts answer, read.

use crate::ledger::{Balance, Crossing, LedgerError, Outcome, Reply};

/// A code, the number of an account from 1, two amounts, three sums of each account, pairs of a number and an amount.
pub(super) type Answer = (i64, usize, String, String, Vec<String>, Vec<String>);

pub(super) fn read(answer: &Answer) -> Result<Reply, LedgerError> {
    let (code, number, remaining, reserved, sums, crossed) = answer;
    let amount = |text: &String| text.parse::<i64>().unwrap_or(0);
    let outcome = match code {
        1 => Outcome::Applied,
        2 => Outcome::Repeated,
        3 => Outcome::Closed,
        0 => Outcome::Denied {
            charge: number.saturating_sub(1),
            remaining: u64::try_from(amount(remaining)).unwrap_or(0),
            reserved: u64::try_from(amount(reserved)).unwrap_or(0),
        },
        _ => return Err(LedgerError::Unavailable("its answer is not what the script says".to_owned())),
    };
    let balances: Vec<Balance> = sums
        .chunks_exact(3)
        .map(|sums| match sums {
            [spent, reserved, orphaned] => {
                Balance { spent: amount(spent), reserved: amount(reserved), orphaned: amount(orphaned) }
            }
            _ => Balance::default(),
        })
        .collect();
    let crossed = crossed
        .chunks_exact(2)
        .filter_map(|pair| match pair {
            [number, amount] => {
                let charge = number.parse::<usize>().ok()?.checked_sub(1)?;
                Some(Crossing { charge, amount: amount.parse().ok()? })
            }
            _ => None,
        })
        .collect();
    Ok(Reply { outcome, crossed, balances })
}
