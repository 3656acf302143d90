//! Tables.

use std::fmt::Write as _;

/// A table with a head. A bar in a cell would end it.
pub(super) fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &mut dyn Iterator<Item = String>| {
        cells.fold("|".to_owned(), |mut line, cell| {
            // Writing to a string cannot fail.
            let _ = write!(line, " {} |", cell.replace('|', "\\|"));
            line
        })
    };
    let mut text = line(&mut head.iter().map(|cell| (*cell).to_owned())) + "\n";
    text += &("|".to_owned() + &"---|".repeat(head.len()) + "\n");
    for row in rows {
        text += &(line(&mut row.into_iter()) + "\n");
    }
    text
}
