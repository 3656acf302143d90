//! Whether a common store is worth asking: a breaker of its own, pure.

/// Counts in a row that must be lower for one to be believed: after a store was gone, those who are first to find it do not
/// see the others yet.
const LOWER: u32 = 3;

/// Asked until some failures in a row; then left alone until the keeper has found it again.
#[derive(Debug)]
pub(super) struct Health {
    failures: u32,
    most: u32,
    alone: bool,
    replicas: u32,
    lower: u32,
}

impl Health {
    pub(super) fn new(most: u32, replicas: u32) -> Self {
        Self { failures: 0, most: most.max(1), alone: false, replicas: replicas.max(1), lower: 0 }
    }

    /// Whether requests do without the store.
    pub(super) fn is_alone(&self) -> bool {
        self.alone
    }

    /// Processes by the last count.
    pub(super) fn replicas(&self) -> u32 {
        self.replicas
    }

    /// A count by the store; whether it is another one.
    pub(super) fn count(&mut self, replicas: u32) -> bool {
        let replicas = replicas.max(1);
        self.lower = if replicas < self.replicas { self.lower + 1 } else { 0 };
        let changes = replicas > self.replicas || self.lower >= LOWER;
        if changes {
            (self.replicas, self.lower) = (replicas, 0);
        }
        changes
    }

    /// An operation came back.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// An operation failed; true when the store is left alone from now on.
    pub(super) fn failed(&mut self) -> bool {
        self.failures = self.failures.saturating_add(1);
        let leaves = !self.alone && self.failures >= self.most;
        self.alone |= leaves;
        leaves
    }

    /// The store answers again, and knows what it has to.
    pub(super) fn rejoin(&mut self) {
        (self.failures, self.alone) = (0, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_left_alone_after_failures_in_a_row_until_it_is_found() {
        let mut health = Health::new(3, 0);
        assert!(!health.failed() && !health.failed());
        health.succeeded();
        assert!(!health.failed() && !health.failed() && !health.is_alone());
        assert!(health.failed(), "the third in a row");
        assert!(health.is_alone() && !health.failed(), "said once");
        // A late answer to an operation of before says nothing about now.
        health.succeeded();
        assert!(health.is_alone());
        health.rejoin();
        assert!(!health.is_alone());
    }

    #[test]
    fn processes_are_counted_and_there_is_one_at_least() {
        let mut health = Health::new(5, 2);
        assert!(!health.count(2) && health.count(3) && !health.count(3));
        assert!(!health.count(1) && !health.count(1) && !health.count(3), "not three times in a row");
        assert!(!health.count(2) && !health.count(1) && health.count(0));
        assert_eq!(health.replicas(), 1);
    }
}
