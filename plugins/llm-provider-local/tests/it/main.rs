//! The provider from outside.
#![cfg(test)]

mod echo;
mod faults;
mod other;
mod script;
mod support;
