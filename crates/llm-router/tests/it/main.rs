//! The behaviour of the router through its public interface.
#![cfg(test)]

mod adaptive;
mod arms;
mod bound;
mod classes;
mod control;
mod draws;
mod events;
mod experiments;
mod filters;
mod guarded;
mod health;
mod names;
mod plans;
mod pure;
mod quality;
mod repeat;
mod rules;
mod sources;
mod stats;
mod strategies;
mod support;
mod world;
