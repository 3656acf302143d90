//! `cargo xtask new-provider NAME`: a plugin crate that is green at once, ready to be made a vendor's own.
//!
//! It is a copy of `tests/third-party/llm-provider-acme`, which has a protocol of its own, or with `--openai-compatible`
//! what `xtask/templates/provider` says. Inside of this workspace it is linked into the facade; elsewhere it stands alone.

mod form;
mod links;
mod manifest;
mod vendor;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use lexopt::ValueExt as _;

pub(crate) use self::form::Form;
use self::vendor::Vendor;
use crate::cargo::cargo;
use crate::tool;

pub(crate) fn run(arguments: &mut lexopt::Parser) -> anyhow::Result<()> {
    let (mut name, mut base_url, mut form, mut out) = (None, None, Form::Own, None);
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Value(value) if name.is_none() => name = Some(value.string()?),
            lexopt::Arg::Long("base-url") => base_url = Some(arguments.value()?.string()?),
            lexopt::Arg::Long("openai-compatible") => form = Form::OpenAi,
            lexopt::Arg::Long("out") => out = Some(PathBuf::from(arguments.value()?)),
            other => return Err(other.unexpected().into()),
        }
    }
    let name = name
        .context("which provider? cargo xtask new-provider NAME [--openai-compatible] [--base-url URL] [--out DIR]")?;
    if let Some(out) = out {
        let folder = write_outside(&name, form, base_url, &out)?;
        println!("\nnext: write the vendor's facts into {0}/src, then `cargo test` in {0}", folder.display());
    } else {
        let vendor = Vendor::new(&name, base_url, form)?;
        write_inside(&vendor, form)?;
        let (folder, package) = (vendor.folder(), vendor.package());
        println!("\nnext: write the vendor's facts into {folder}/src, then `cargo test -p {package}`");
    }
    Ok(())
}

/// A plugin of this workspace, linked into the facade.
fn write_inside(vendor: &Vendor, form: Form) -> anyhow::Result<()> {
    let root = crate::cargo::root();
    let folder = root.join(vendor.folder());
    ensure!(!folder.exists(), "{} exists already", vendor.folder());
    let read = |path: &str| fs::read_to_string(root.join(path)).with_context(|| format!("reading {path}"));
    let links = links::links(vendor, read)?;
    write_all(&folder, &form::files(form, vendor)?)?;
    write_all(&root, &links)?;
    format(&root, &["fmt", "--package", &vendor.package()])
}

/// A crate that stands alone in a folder of its name below `out`; returns that folder.
pub(crate) fn write_outside(name: &str, form: Form, base_url: Option<String>, out: &Path) -> anyhow::Result<PathBuf> {
    let vendor = Vendor::new(name, base_url, form)?;
    // Where the caller stands; cargo runs us with another folder in its mind.
    let folder = std::env::current_dir()?.join(out).join(vendor.package());
    ensure!(!folder.exists(), "{} exists already", folder.display());
    let root = crate::cargo::root();
    let workspace = fs::read_to_string(root.join("Cargo.toml")).context("reading Cargo.toml")?;
    let mut files = form::files(form, &vendor)?;
    for (_, text) in files.iter_mut().filter(|(path, _)| path == "Cargo.toml") {
        *text = manifest::standing_alone(text, &workspace, &root).context("writing the manifest")?;
    }
    write_all(&folder, &files)?;
    format(&folder, &["fmt"])?;
    Ok(folder)
}

fn write_all(folder: &Path, files: &[(String, String)]) -> anyhow::Result<()> {
    for (path, text) in files {
        let path = folder.join(path);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, text))
            .with_context(|| format!("writing {}", path.display()))?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Longer names break lines elsewhere.
fn format(folder: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    if tool::FMT.is_installed() {
        crate::cargo::run(cargo(arguments.iter().copied()).current_dir(folder))?;
    }
    Ok(())
}
