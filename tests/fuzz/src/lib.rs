//! What every entry point has: the property to hold, and mutations that know frames and JSON.

pub use libfuzzer_sys;
pub use workspace_fuzz;

/// The two symbols that libFuzzer looks for.
#[macro_export]
macro_rules! target {
    ($check:path) => {
        use $crate::libfuzzer_sys;

        libfuzzer_sys::fuzz_target!(|data: &[u8]| $check(data));
        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::mutate(data, size, max_size, seed)
        });
    };
}

/// Half of all mutations are libFuzzer's own.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    if seed % 2 == 1
        && let Some(mutated) = workspace_fuzz::mutate::mutated(&data[..size], u64::from(seed))
        && mutated.len() <= max_size.min(data.len())
    {
        data[..mutated.len()].copy_from_slice(&mutated);
        return mutated.len();
    }
    libfuzzer_sys::fuzzer_mutate(data, size, max_size)
}
