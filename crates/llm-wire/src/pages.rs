//! Lists of models that come in pages.

use std::collections::BTreeSet;

use llm_core::{Error, ModelInfo};

/// Most pages that are read; one holds up to a thousand models.
const MOST_PAGES: usize = 20;

/// One page of a list of models.
#[derive(Debug)]
pub struct Page {
    /// The models.
    pub models: Vec<ModelInfo>,
    /// With what the next page is asked for; `None` after the last one.
    pub next: Option<String>,
}

/// All models of a list, each once; `ask` gives the page for what the one before it said, at first for nothing.
pub async fn all_pages<A>(mut ask: impl FnMut(Option<String>) -> A) -> Result<Vec<ModelInfo>, Error>
where
    A: Future<Output = Result<Page, Error>>,
{
    let (mut all, mut seen, mut next) = (Vec::new(), BTreeSet::new(), None);
    for _ in 0..MOST_PAGES {
        let page = ask(next).await?;
        let before = all.len();
        all.extend(page.models.into_iter().filter(|model| seen.insert(model.id.clone())));
        next = page.next;
        // A server that does not know how pages are asked for sends its one page again and again.
        if next.is_none() || all.len() == before {
            break;
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    fn page(names: &[&str], next: Option<&str>) -> Page {
        Page { models: names.iter().map(|name| ModelInfo::new(*name)).collect(), next: next.map(str::to_owned) }
    }

    #[tokio::test]
    async fn one_page_is_asked_for_after_the_other() {
        let mut asked = Vec::new();
        let ask = |next: Option<String>| {
            let answer = match next.as_deref() {
                None => page(&["a", "b"], Some("second")),
                _ => page(&["b", "c"], None),
            };
            asked.push(next);
            ready(Ok(answer))
        };
        let all = all_pages(ask).await.unwrap();
        assert_eq!(all.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(asked, [None, Some("second".to_owned())]);
    }

    #[tokio::test]
    async fn a_server_that_never_ends_is_left() {
        for (different, pages) in [(false, 2), (true, MOST_PAGES)] {
            let mut asked = 0;
            let ask = |_| {
                asked += 1;
                let name = if different { format!("model-{asked}") } else { "model".to_owned() };
                ready(Ok(page(&[&name], Some("more"))))
            };
            all_pages(ask).await.unwrap();
            assert_eq!(asked, pages);
        }
    }
}
