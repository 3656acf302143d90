//! The addresses of requests: what is refused, and those that were read already.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use llm_core::Error;
use reqwest::Url;

use crate::failure;

/// Most addresses that are remembered. A process calls a few; an address for each call must not fill the memory.
const MOST: usize = 256;
/// Longer ones are read anew each time.
const LONGEST: usize = 512;

/// Addresses that were read already: reading one costs more than a microsecond, and a process calls the same few.
#[derive(Default)]
pub(crate) struct Addresses(RwLock<HashMap<String, Url>>);

impl Addresses {
    /// Reads an address, and refuses those that must not be called.
    pub(crate) fn parse(&self, text: &str, https_only: bool) -> Result<Url, Error> {
        if let Some(url) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(text) {
            return Ok(url.clone());
        }
        let url = parse(text, https_only)?;
        if text.len() <= LONGEST {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= MOST {
                known.clear();
            }
            known.insert(text.to_owned(), url.clone());
        }
        Ok(url)
    }
}

fn parse(text: &str, https_only: bool) -> Result<Url, Error> {
    let url = Url::parse(text).map_err(|_| failure::address("it is no url"))?;
    match url.scheme() {
        "https" => {}
        "http" if https_only => return Err(failure::address("http is refused here, use https")),
        "http" => {}
        _ => return Err(failure::address("only http and https are spoken")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(failure::address("it holds a user name or password, which logs would show"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_good_addresses_only_and_not_too_many() {
        let addresses = Addresses::default();
        let known = || addresses.0.read().unwrap().len();
        for _ in 0..2 {
            let url = addresses.parse("http://host.test:80/v1/x", false).unwrap();
            assert_eq!(url.as_str(), "http://host.test/v1/x");
            assert!(addresses.parse("http://host.test/", true).is_err());
            assert!(addresses.parse("http://user@host.test/", false).is_err());
            assert_eq!(known(), 1);
        }
        for number in 0..3 * MOST {
            addresses.parse(&format!("https://host.test/{number}"), true).unwrap();
            assert!(known() <= MOST);
        }
        addresses.parse(&format!("https://host.test/{}", "x".repeat(LONGEST)), true).unwrap();
        assert!(addresses.0.read().unwrap().keys().all(|key| key.len() <= LONGEST));
    }
}
