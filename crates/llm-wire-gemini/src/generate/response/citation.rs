//! Sources of the words: grounding (search, files, maps), pages that were read, and recitation, as citations.

use llm_core::Citation;
use serde_json::value::RawValue;

use crate::wire::{Str, wire_object};

wire_object! {
    WireGrounding {
        chunks: Vec<WireChunk<'a>> = "groundingChunks",
        supports: Vec<WireSupport<'a>> = "groundingSupports",
    }
}

wire_object! {
    WireChunk {
        web: WireSource<'a> = "web",
        file: WireSource<'a> = "retrievedContext",
        maps: WireSource<'a> = "maps",
    }
}

wire_object! {
    WireSource {
        uri: Str<'a> = "uri",
        title: Str<'a> = "title",
        store: Str<'a> = "fileSearchStore",
        license: Str<'a> = "license",
        start: u32 = "startIndex",
        end: u32 = "endIndex",
    }
}

wire_object! {
    WireSupport {
        segment: WireSegment<'a> = "segment",
        chunks: Vec<usize> = "groundingChunkIndices",
    }
}

wire_object! {
    WireSegment {
        part: usize = "partIndex",
        start: u32 = "startIndex",
        end: u32 = "endIndex",
        text: Str<'a> = "text",
    }
}

wire_object! {
    WireCitations {
        vertex: Vec<WireSource<'a>> = "citations",
        gemini: Vec<WireSource<'a>> = "citationSources",
    }
}

wire_object! {
    WirePages {
        pages: Vec<WirePage<'a>> = "urlMetadata" | "url_metadata",
    }
}

wire_object! {
    WirePage {
        url: Str<'a> = "retrievedUrl" | "retrieved_url",
        status: Str<'a> = "urlRetrievalStatus" | "url_retrieval_status",
    }
}

/// Citations with the number of the part they belong to. What cannot be read is left to the raw form, which is kept.
/// A source that is not said to support any words in particular is one of all.
pub(crate) fn citations(
    grounding: Option<&RawValue>,
    pages: Option<&RawValue>,
    recitation: Option<&RawValue>,
) -> Vec<(usize, Citation)> {
    let mut found = Vec::new();
    if let Some(WireGrounding { chunks: Some(chunks), supports, .. }) = read(grounding) {
        let supports = supports.unwrap_or_default();
        if supports.is_empty() {
            found.extend(chunks.iter().filter_map(|chunk| Some((0, chunk.source()?.citation()))));
        }
        for support in &supports {
            let Some(segment) = &support.segment else { continue };
            let indices = support.chunks.iter().flatten();
            for source in indices.filter_map(|index| chunks.get(*index)?.source()) {
                let mut citation = source.citation();
                citation.quote = segment.text.as_deref().filter(|text| !text.is_empty()).map(str::to_owned);
                citation.span = segment.end.map(|end| (segment.start.unwrap_or_default(), end));
                found.push((segment.part.unwrap_or_default(), citation));
            }
        }
    }
    if let Some(WirePages { pages: Some(pages), .. }) = read(pages) {
        for page in pages {
            // "URL_RETRIEVAL_STATUS_SUCCESS"; a page that could not be read is the source of nothing.
            let was_read = page.status.as_deref().is_none_or(|status| status.ends_with("_SUCCESS"));
            let is_new = |url: &Str<'_>| found.iter().all(|(_, citation)| citation.source != **url);
            if let Some(url) = page.url.filter(|url| was_read && !url.is_empty() && is_new(url)) {
                found.push((0, Citation { source: url.into_owned(), ..Citation::default() }));
            }
        }
    }
    if let Some(WireCitations { vertex, gemini, .. }) = read(recitation) {
        for source in vertex.into_iter().chain(gemini).flatten() {
            let mut citation = source.citation();
            citation.span = source.end.map(|end| (source.start.unwrap_or_default(), end));
            found.push((0, citation));
        }
    }
    found
}

fn read<'a, T: serde::Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

impl<'a> WireChunk<'a> {
    fn source(&self) -> Option<&WireSource<'a>> {
        self.web.as_ref().or(self.file.as_ref()).or(self.maps.as_ref())
    }
}

impl WireSource<'_> {
    fn citation(&self) -> Citation {
        let names = [&self.uri, &self.title, &self.store, &self.license];
        let source = names.into_iter().flatten().find(|name| !name.is_empty());
        Citation {
            source: source.map(|name| name.to_string()).unwrap_or_default(),
            title: self.title.as_deref().map(str::to_owned),
            ..Citation::default()
        }
    }
}
