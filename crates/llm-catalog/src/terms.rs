//! Under which terms a call is billed: when it was made, and in which class of service.

/// When a call was made and in which class. A default of everything but the moment is what most calls are.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Terms<'a> {
    /// When, in Unix seconds.
    pub unix: u64,
    /// The class of service, in the vendor's word: of its answer where it says one, else of the request.
    pub service_tier: Option<&'a str>,
    /// It was part of a batch.
    pub batch: bool,
    /// It was answered at a vendor's higher speed.
    pub fast: bool,
    /// Other conditions of the price list, by its own words (`route`, `search_type`).
    pub other: &'a [(&'a str, &'a str)],
}

/// Words of vendors for the usual class.
const USUAL: [&str; 6] = ["", "default", "standard", "auto", "on_demand", "standard_only"];

impl<'a> Terms<'a> {
    /// A usual call at this moment, in Unix seconds.
    pub fn at(unix: u64) -> Self {
        Self { unix, ..Self::default() }
    }

    /// In this class of service.
    pub fn with_service_tier(mut self, tier: Option<&'a str>) -> Self {
        self.service_tier = tier;
        self
    }

    /// As part of a batch.
    pub fn as_batch(mut self) -> Self {
        self.batch = true;
        self
    }

    /// At a vendor's higher speed.
    pub fn as_fast(mut self) -> Self {
        self.fast = true;
        self
    }

    /// Under other conditions of the price list.
    pub fn with_other(mut self, other: &'a [(&'a str, &'a str)]) -> Self {
        self.other = other;
        self
    }

    /// Whether a condition of the price list holds.
    pub(crate) fn holds(&self, key: &str, value: &str) -> bool {
        let tier = self.service_tier.unwrap_or_default();
        match key {
            "processing" => value == "batch" && self.is_batch(),
            "service_tier" => !tier.is_empty() && tier.eq_ignore_ascii_case(value),
            "speed" => value == "fast" && self.fast,
            _ => self.other.contains(&(key, value)),
        }
    }

    fn is_batch(&self) -> bool {
        self.batch || self.service_tier.is_some_and(|tier| tier.eq_ignore_ascii_case("batch"))
    }

    /// Whether the usual prices are surely not the right ones.
    pub fn is_unusual(&self) -> bool {
        let tier = self.service_tier.unwrap_or_default();
        self.is_batch() || self.fast || !USUAL.iter().any(|usual| tier.eq_ignore_ascii_case(usual))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_holds_by_the_words_of_the_list() {
        let usual = Terms::at(0).with_service_tier(Some("default"));
        assert!(usual.holds("service_tier", "default") && !usual.is_unusual());
        assert!(!usual.holds("processing", "batch") && !usual.holds("speed", "fast"));
        let batch = Terms::at(0).with_service_tier(Some("batch"));
        assert!(batch.holds("processing", "batch") && batch.is_unusual());
        assert!(Terms::at(0).as_batch().holds("processing", "batch"));
        assert!(Terms::at(0).as_fast().holds("speed", "fast"));
        let routed = Terms::at(0).with_other(&[("route", "mistral/eu")]);
        assert!(routed.holds("route", "mistral/eu") && !routed.holds("route", "x"));
        assert!(!Terms::at(0).is_unusual() && Terms::at(0).with_service_tier(Some("Priority")).is_unusual());
    }
}
