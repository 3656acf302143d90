//! The keyed hash behind assignments: SipHash-2-4, the same in every process, version and machine.

/// SipHash-2-4 (Aumasson and Bernstein 2012) of several texts under a key of 128 bits. Each text ends in a byte that no
/// UTF-8 text has, so that no two lists of texts run together.
pub(crate) fn siphash(key: (u64, u64), texts: &[&str]) -> u64 {
    let mut state = State::new(key);
    for text in texts {
        text.bytes().for_each(|byte| state.byte(byte));
        state.byte(0xff);
    }
    state.finish()
}

struct State {
    v: [u64; 4],
    word: u64,
    length: u64,
}

impl State {
    fn new((k0, k1): (u64, u64)) -> Self {
        let v = [
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        ];
        Self { v, word: 0, length: 0 }
    }

    fn round(&mut self) {
        let [v0, v1, v2, v3] = &mut self.v;
        *v0 = v0.wrapping_add(*v1);
        *v1 = v1.rotate_left(13) ^ *v0;
        *v0 = v0.rotate_left(32);
        *v2 = v2.wrapping_add(*v3);
        *v3 = v3.rotate_left(16) ^ *v2;
        *v0 = v0.wrapping_add(*v3);
        *v3 = v3.rotate_left(21) ^ *v0;
        *v2 = v2.wrapping_add(*v1);
        *v1 = v1.rotate_left(17) ^ *v2;
        *v2 = v2.rotate_left(32);
    }

    fn byte(&mut self, byte: u8) {
        self.word |= u64::from(byte) << (8 * (self.length % 8));
        self.length += 1;
        if self.length.is_multiple_of(8) {
            self.absorb();
        }
    }

    fn absorb(&mut self) {
        let word = std::mem::take(&mut self.word);
        self.v[3] ^= word;
        self.round();
        self.round();
        self.v[0] ^= word;
    }

    fn finish(mut self) -> u64 {
        self.word |= self.length << 56;
        self.absorb();
        self.v[2] ^= 0xff;
        for _ in 0..4 {
            self.round();
        }
        self.v[0] ^ self.v[1] ^ self.v[2] ^ self.v[3]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_siphash_by_the_vectors_of_its_authors() {
        let hash = |length: u8| {
            let mut state = State::new((0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908));
            (0..length).for_each(|byte| state.byte(byte));
            state.finish()
        };
        assert_eq!(hash(0), 0x726f_db47_dd0e_0e31);
        assert_eq!(hash(1), 0x74f8_39c5_93dc_67fd);
        assert_eq!(hash(15), 0xa129_ca61_49be_45e5);
    }

    #[test]
    fn texts_do_not_run_together() {
        let hash = |texts: &[&str]| siphash((1, 2), texts);
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_ne!(hash(&["ab"]), hash(&["ab", ""]));
    }
}
