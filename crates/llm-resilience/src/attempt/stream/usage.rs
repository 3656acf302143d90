//! The tokens of an answer that two calls made.

use llm_core::{Resumption, Usage};

/// Bytes of text that are taken for one token, where a vendor did not count.
const BYTES_PER_TOKEN: u64 = 4;

/// The tokens of a call that broke off, by what is known of them, and of the one that went on.
///
/// A vendor counts at the end, so a broken call's tokens are mostly not known: its answer is then counted by its length,
/// and its prompt was that of the second call. Such a sum is marked as `estimated`.
pub(super) fn total(reported: &Usage, received: usize, second: &Usage, how: Resumption) -> Usage {
    let counted = u64::try_from(received).unwrap_or(u64::MAX).div_ceil(BYTES_PER_TOKEN);
    let mut first = reported.clone();
    // Some vendors report at the start, when they have made one token.
    let is_estimated = first.input.is_none() || first.output.is_none_or(|output| output < counted);
    first.output = Some(first.output.unwrap_or_default().max(counted));
    first.input = first.input.or(second.input.map(|input| match how {
        Resumption::Prefill => input.saturating_sub(counted),
        _ => input,
    }));
    let mut total = first.with(second);
    if is_estimated {
        total.extra.insert("estimated".to_owned(), true.into());
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_reported_counts_and_the_rest_is_estimated_and_says_so() {
        let estimated = |usage: &Usage| usage.extra.contains_key("estimated");
        let (nothing, second) = (Usage::default(), Usage::new(100, 60));
        let sum = total(&nothing, 82, &second, Resumption::Restart);
        assert_eq!((sum.input, sum.output, estimated(&sum)), (Some(200), Some(81), true));
        let sum = total(&nothing, 82, &second, Resumption::Prefill);
        assert_eq!((sum.input, sum.output, estimated(&sum)), (Some(179), Some(81), true));
        let sum = total(&Usage::new(90, 1), 82, &second, Resumption::Restart);
        assert_eq!((sum.input, sum.output, estimated(&sum)), (Some(190), Some(81), true));
        let sum = total(&Usage::new(90, 25), 82, &second, Resumption::Restart);
        assert_eq!((sum.input, sum.output, estimated(&sum)), (Some(190), Some(85), false));
        let sum = total(&nothing, 82, &nothing, Resumption::Restart);
        assert_eq!((sum.input, sum.output, estimated(&sum)), (None, Some(21), true));
    }
}
