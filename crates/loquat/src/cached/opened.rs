//! From the configuration to a cache on its store.

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use llm_cache::{Cache, CacheBuilder, DiskStore, Keyring, MemoryIndex, MemoryStore, Semantic, TenantScope};
use llm_core::{Availability, Capabilities, Cx, Error, ErrorKind, Provider, Request, Response, Secret, async_trait};

use super::{Cached, Present};
use crate::config::{CacheConfig, CacheScope, CacheStore, Config};
use crate::environment::Environment;

/// Most bytes on disk unless the configuration says otherwise.
const ON_DISK: u64 = 1 << 30;
/// Most answers in memory unless the configuration says otherwise.
const IN_MEMORY: u64 = 50_000;
/// The tenant of requests that name none.
const NOBODY: &str = "";

/// A cache with what it was made from.
#[derive(Clone)]
pub(crate) struct Opened {
    pub(crate) cache: Cache,
    pub(crate) present: Present,
    from: From,
}

#[derive(Clone, PartialEq)]
struct From {
    config: CacheConfig,
    /// The server with what its keys begin with, or the folder.
    shared: Option<(Secret, String)>,
    folder: Option<PathBuf>,
    secret: Option<Secret>,
}

impl Cached {
    /// What the configuration says: the present cache where that is the same, or a new one.
    pub(crate) fn prepare(&self, config: &Config, environment: &Environment) -> Result<Option<Opened>, Error> {
        let Some(cache) = config.cache.clone().filter(|cache| cache.enabled != Some(false)) else { return Ok(None) };
        let secret = match &cache.secret {
            Some(secret) => Some(Secret::from(environment.resolve("cache.secret", secret.expose())?.into_owned())),
            None => None,
        };
        let shared = match cache.store {
            CacheStore::Redis => {
                config.shared.address(environment)?.map(|url| (url, config.shared.prefix().to_owned()))
            }
            _ => None,
        };
        let folder = config.state_dir.clone().filter(|_| cache.store == CacheStore::Disk);
        let from = From { config: cache, shared, folder, secret };
        match self.opened() {
            Some(opened) if opened.from == from => Ok(Some(opened)),
            _ => Opened::open(from).map(Some),
        }
    }
}

impl Opened {
    fn open(from: From) -> Result<Self, Error> {
        let present = Present::default();
        let mut cache = builder(&from)?.policy(from.config.policy());
        let resolve = present.clone();
        cache = cache.resolve_by(move |model| resolve.meaning(model));
        cache = match from.config.scope {
            CacheScope::Shared => cache.scope(TenantScope::shared()),
            CacheScope::Tenant => {
                cache.scope_by(|cx: &Cx| Some(TenantScope::tenant(cx.tenant.clone().unwrap_or_else(|| NOBODY.into()))))
            }
        };
        if let Some(semantic) = &from.config.semantic {
            let own: Arc<dyn Provider> = Arc::new(Own(present.clone()));
            let mut similar = Semantic::new(own, semantic.model.as_str());
            if let Some(threshold) = semantic.threshold {
                if !(0.0..=1.0).contains(&threshold) {
                    return Err(wrong("semantic.threshold", "expected a cosine from 0 to 1"));
                }
                similar = similar.with_floor(threshold);
            }
            if let Some(most) = semantic.max_entries {
                similar = similar.with_index(MemoryIndex::new(most));
            }
            cache = cache.semantic(similar);
        }
        Ok(Self { cache: cache.build(), present, from })
    }
}

fn builder(from: &From) -> Result<CacheBuilder, Error> {
    let From { config, shared, folder, secret } = from;
    let keyring = secret.as_ref().map(|secret| Keyring::new(secret.expose().as_bytes())).transpose()?;
    match config.store {
        CacheStore::Memory => Ok(Cache::builder(match (config.max_entries, config.max_bytes) {
            (Some(_), Some(_)) => {
                return Err(wrong("max_bytes", "it stands beside max_entries: leave one of them out"));
            }
            (None, Some(bytes)) => MemoryStore::bytes_with(bytes, config.eviction.into()),
            (entries, None) => MemoryStore::entries_with(entries.unwrap_or(IN_MEMORY), config.eviction.into()),
        })),
        CacheStore::Disk => {
            let folder =
                folder.as_deref().ok_or_else(|| wrong("store", "a disk needs state_dir: name a folder there"))?;
            fs::create_dir_all(folder).map_err(|error| cannot(folder, &error))?;
            let keyring = keyring.map_or_else(|| own_keyring(&folder.join("cache.secret")), Ok)?;
            let store = DiskStore::open(&folder.join("cache.redb"), config.max_bytes.unwrap_or(ON_DISK), &keyring)?;
            Ok(Cache::builder(store))
        }
        CacheStore::Redis => {
            let (url, prefix) =
                shared.as_ref().ok_or_else(|| wrong("store", "redis needs the address of a server: set shared.url"))?;
            let keyring = keyring.ok_or_else(|| {
                wrong("secret", "a shared cache needs a secret that all replicas have: 16 random bytes or more")
            })?;
            on_server(url, prefix, &keyring)
        }
    }
}

#[cfg(feature = "redis")]
fn on_server(url: &Secret, prefix: &str, keyring: &Keyring) -> Result<CacheBuilder, Error> {
    let store = llm_cache::RedisStore::new(url.expose(), keyring)?;
    Ok(Cache::builder(store.with_prefix(format!("{prefix}:cache:"))))
}

#[cfg(not(feature = "redis"))]
fn on_server(_: &Secret, _: &str, _: &Keyring) -> Result<CacheBuilder, Error> {
    Err(wrong("store", "this program was built without Redis: build it with the feature redis"))
}

/// The secret of a disk, made when there is none; readable by its owner only.
fn own_keyring(file: &Path) -> Result<Keyring, Error> {
    if let Ok(secret) = fs::read(file) {
        return Keyring::new(&secret);
    }
    // The standard library's hashers have random keys.
    let secret: Vec<u8> = (0_u64..4).flat_map(|part| RandomState::new().hash_one(part).to_le_bytes()).collect();
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(file).and_then(|mut file| file.write_all(&secret).and_then(|()| file.sync_all()));
    written.map_err(|error| cannot(file, &error))?;
    Keyring::new(&secret)
}

fn wrong(key: &str, what: &str) -> Error {
    Error::new(ErrorKind::Config, format!("reading cache.{key}: {what}"))
}

fn cannot(path: &Path, error: &std::io::Error) -> Error {
    let what = format!("opening the cache on disk: {} cannot be written: {error}", path.display());
    Error::new(ErrorKind::Config, what)
}

/// Whoever answers at present, for embeddings.
struct Own(Present);

#[async_trait]
impl Provider for Own {
    fn id(&self) -> &'static str {
        "own"
    }

    fn api(&self) -> &'static str {
        ""
    }

    fn capabilities(&self, model: &str) -> Capabilities {
        self.0.stack().map(|stack| stack.capabilities(model)).unwrap_or_default()
    }

    fn availability(&self) -> Availability {
        self.0.stack().map_or(Availability::Shut { until: None }, |stack| stack.availability())
    }

    async fn call(&self, cx: &Cx, request: Request) -> Result<Response, Error> {
        match self.0.stack() {
            Some(stack) => stack.call(cx, request).await,
            None => Err(Error::new(ErrorKind::Cancelled, "the client is gone")),
        }
    }
}
