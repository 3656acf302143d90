//! A Redis (or Valkey) server of a test's own: started from its binary, on a Unix socket, gone with the value.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Names that the server's binary has.
const BINARIES: &[&str] = &["redis-server", "valkey-server"];

/// A running server. It keeps nothing on disk.
#[derive(Debug)]
pub struct RedisServer {
    folder: PathBuf,
    child: Child,
}

impl RedisServer {
    /// Starts a server, or says aloud that the test is skipped because the binary is missing.
    ///
    /// With `required` (CI sets `LOQUAT_REQUIRE_SERVICES=redis`) a missing binary is a failure: see [`is_required`].
    ///
    /// # Panics
    ///
    /// When the server is required and missing, or does not come up.
    #[allow(clippy::print_stderr, reason = "a skipped test must be seen")]
    pub fn start(required: bool) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("loquat-redis-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).ok()?;
        let Some(child) = spawn(&folder) else {
            let _ = fs::remove_dir_all(&folder);
            assert!(
                !required,
                "redis-server is missing, and LOQUAT_REQUIRE_SERVICES wants it: apt install redis-server"
            );
            eprintln!("SKIPPED: redis-server is missing: apt install redis-server");
            return None;
        };
        let mut server = Self { folder, child };
        server.wait_until_up();
        Some(server)
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("s")
    }

    /// Its address, as the `redis` crate takes it.
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Stops it in its tracks: it takes connections and commands, and answers nothing.
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    /// Kills it and starts another, which knows nothing, at the same address.
    ///
    /// # Panics
    ///
    /// When the new one does not come up.
    #[allow(clippy::expect_used, reason = "for tests; the binary was there a moment ago")]
    pub fn restart(&mut self) {
        self.kill();
        self.child = spawn(&self.folder).expect("the server starts again");
        self.wait_until_up();
    }

    /// Kills it; its address answers nobody.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(self.socket());
    }

    /// Sends one command by words and returns the first bytes of the answer, as they are on the wire.
    pub fn command(&self, words: &[&str]) -> Option<String> {
        let mut stream = UnixStream::connect(self.socket()).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        write!(stream, "*{}\r\n", words.len()).ok()?;
        for word in words {
            write!(stream, "${}\r\n{word}\r\n", word.len()).ok()?;
        }
        let mut answer = [0; 4096];
        let read = stream.read(&mut answer).ok()?;
        Some(String::from_utf8_lossy(answer.get(..read)?).into_owned())
    }

    fn signal(&self, signal: &str) {
        let _ = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
    }

    fn wait_until_up(&mut self) {
        for _ in 0..1000 {
            if self.command(&["PING"]).is_some_and(|answer| answer.starts_with("+PONG")) {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        self.kill();
        assert!(self.socket().exists(), "redis-server does not come up within ten seconds");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.resume();
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Whether the value of `LOQUAT_REQUIRE_SERVICES` names Redis.
pub fn is_required(services: Option<&str>) -> bool {
    services.is_some_and(|services| services.split(',').any(|service| service.trim() == "redis"))
}

fn spawn(folder: &Path) -> Option<Child> {
    BINARIES.iter().find_map(|binary| {
        Command::new(binary)
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"])
            .args(["--unixsocket".as_ref(), folder.join("s").as_os_str(), "--dir".as_ref(), folder.as_os_str()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()
    })
}
