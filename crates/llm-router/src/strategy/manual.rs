//! One target and nobody else: for requirements that only one model meets, and for predictable behaviour.

use std::borrow::Cow;

use super::{Reads, Strategy};
use crate::contest::Contest;
use crate::view::RouteView;

/// The first target that is listed and nobody else.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manual;

impl Strategy for Manual {
    fn name(&self) -> &'static str {
        "manual"
    }

    fn reads(&self) -> Reads {
        Reads::NONE
    }

    fn is_fixed(&self, _view: &RouteView) -> bool {
        true
    }

    fn rank(&self, _contest: &Contest<'_>, order: &mut Vec<usize>) -> Cow<'static, str> {
        order.retain(|&place| place == 0);
        Cow::Borrowed("the first target and nobody else")
    }
}
