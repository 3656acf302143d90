#![doc = include_str!("../README.md")]

mod accept;
mod catalog;
mod config;
mod connection;
mod health;
mod ingress;
mod server;
mod state;

pub use config::ServerConfig;
pub use server::Gateway;
