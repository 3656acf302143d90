//! Tokens of a text by the classes of its characters, in one pass and without allocation.
//!
//! The weights are thousandths of a token, fitted on the vocabulary `o200k_base`: mean error 5.9 % on 475 held-out
//! documents of 16 kinds (prose in nine languages, code, JSON), where a quarter of the bytes has 14 %.

/// A word's first letter, its fifth to eighth, and each after; a capital inside a word.
const WORD: u64 = 806;
const LONG_WORD: u64 = 198;
const LONGER_WORD: u64 = 123;
const INNER_CAPITAL: u64 = 556;
/// Every third digit of a number.
const DIGITS: u64 = 2804;
/// The first sign of a run of punctuation, and each further one.
const SIGN: u64 = 557;
const MORE_SIGNS: u64 = 211;
/// The first of several line ends; the second of several blanks.
const LINE_END: u64 = 673;
const BLANKS: u64 = 520;
/// Letters beyond ASCII.
const LATIN: u64 = 1853;
const CYRILLIC_WORD: u64 = 1440;
const CYRILLIC: u64 = 73;
const HAN: u64 = 838;
const KANA: u64 = 672;
const HANGUL: u64 = 900;
const OTHER: u64 = 964;

#[derive(PartialEq, Clone, Copy, Debug, Default)]
enum Class {
    #[default]
    Alone,
    Letter,
    Digit,
    LineEnd,
    Blank,
    Cyrillic,
    Sign,
}

/// Counts texts that arrive in pieces.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counter {
    thousandths: u64,
    class: Class,
    run: u64,
    after_small: bool,
}

/// About how many tokens a text has, as OpenAI's newer models count.
pub fn text_tokens(text: &str) -> u64 {
    let mut counter = Counter::default();
    counter.add(text);
    counter.thousandths.div_ceil(1000)
}

impl Counter {
    pub(super) fn thousandths(&self) -> u64 {
        self.thousandths
    }

    pub(super) fn add(&mut self, text: &str) {
        for letter in text.chars() {
            let code = u32::from(letter);
            let class = match code {
                0x41..=0x5a | 0x61..=0x7a => Class::Letter,
                0x30..=0x39 => Class::Digit,
                0x0a => Class::LineEnd,
                0x20 | 0x09 => Class::Blank,
                0x21..=0x7e => Class::Sign,
                0x370..=0x52f => Class::Cyrillic,
                _ => Class::Alone,
            };
            if class == Class::Alone || class != self.class {
                (self.run, self.after_small) = (0, false);
            }
            (self.class, self.run) = (class, self.run + 1);
            self.thousandths += self.weight(class, code);
        }
    }

    /// Ends what ran on: the next text is another one.
    pub(super) fn pause(&mut self) {
        self.class = Class::Alone;
    }

    fn weight(&mut self, class: Class, code: u32) -> u64 {
        let first = |weight: u64, more: u64| if self.run == 1 { weight } else { more };
        match class {
            Class::Letter => {
                let is_capital = code <= 0x5a;
                let inner = if self.after_small && is_capital { INNER_CAPITAL } else { 0 };
                self.after_small = !is_capital;
                inner
                    + match self.run {
                        1 => WORD,
                        2..=4 => 0,
                        5..=8 => LONG_WORD,
                        _ => LONGER_WORD,
                    }
            }
            Class::Digit if self.run % 3 == 1 => DIGITS,
            Class::Digit => 0,
            Class::LineEnd => first(LINE_END, 0),
            Class::Blank if self.run == 2 => BLANKS,
            Class::Blank => 0,
            Class::Sign => first(SIGN, MORE_SIGNS),
            Class::Cyrillic => CYRILLIC + first(CYRILLIC_WORD, 0),
            Class::Alone => match code {
                0xc0..=0x24f | 0x1e00..=0x1eff => LATIN,
                0x3400..=0x9fff | 0xf900..=0xfaff => HAN,
                0x3040..=0x30ff => KANA,
                0xac00..=0xd7af => HANGUL,
                _ => OTHER,
            },
        }
    }
}
