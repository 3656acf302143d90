#![doc = include_str!("../README.md")]

mod config;
mod health;
mod ingress;
mod server;
mod state;

pub use config::ServerConfig;
pub use server::Gateway;
