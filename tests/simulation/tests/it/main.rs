//! A few seeds in every run of the tests, and proof that the simulation would find what it looks for.
#![cfg(test)]

mod broken;
mod drops;
mod promises;
mod seeds;
