#![doc = include_str!("../README.md")]

mod address;
mod body;
mod client;
mod config;
mod failure;
mod transport;

pub use config::{HttpConfig, Proxy, ProxyEnvironment};
pub use transport::HttpTransport;
