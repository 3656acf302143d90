//! A decision for people: a table of every target.

use std::fmt;

use crate::decide::{Candidate, Decision};

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.asked)?;
        if let Some(rule) = &self.rule {
            write!(f, ", {rule}")?;
        }
        if let Some(route) = &self.route {
            write!(f, ", route {route:?}")?;
        }
        write!(f, ", strategy {}: {}", self.strategy, self.reason)?;
        let mut asked: Vec<&Candidate> = self.candidates.iter().filter(|candidate| candidate.rank.is_some()).collect();
        asked.sort_by_key(|candidate| candidate.rank);
        let left_out = self.candidates.iter().filter(|candidate| candidate.rank.is_none());
        let rows: Vec<[String; 4]> = asked.into_iter().chain(left_out).map(row).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths = [width(0), width(1), width(2)];
        for [rank, target, cost, words] in &rows {
            let [a, b, c] = widths;
            let line = format!("  {rank:>a$}  {target:<b$}  {cost:>c$}  {words}");
            write!(f, "\n{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Rank, target, cost, and what it came from.
fn row(candidate: &Candidate) -> [String; 4] {
    let rank = candidate.rank.map_or_else(|| "–".to_owned(), |rank| format!("{rank}."));
    let cost = candidate.cost.map_or_else(|| "$?".to_owned(), |cost| format!("${cost}"));
    let words = if let Some(why) = &candidate.removed {
        why.to_string()
    } else {
        // The cost has a column of its own.
        let scores = candidate.scores.iter().filter(|score| score.what != "cost");
        scores.map(|score| format!("{} {}", score.what, score.value)).collect::<Vec<_>>().join(", ")
    };
    [rank, candidate.target.to_string(), cost, words]
}
