//! Files that only their format can prove.

use super::{Bench, Options, data};
use crate::net::Net;
use boot_kit::{
    Artifact, Digest, ErrorKind, Fetch, Proof, Result,
    testkit::{Fault, Server},
};
use std::{io::Read, path::PathBuf};

/// An artifact that only its format can prove: this one's files begin with a word.
fn identified(url: &str) -> Artifact {
    Artifact {
        name: "thing".into(),
        version: "1".into(),
        arch: "x86_64".into(),
        size: 1_000_000,
        proof: Proof::Identity("word:good".into()),
        urls: vec![url.to_owned()],
        requested: false,
    }
}

fn begins_with_its_word(artifact: &Artifact, file: &mut std::fs::File) -> Result<()> {
    let mut word = [0; 4];
    file.read_exact(&mut word)?;
    if artifact.proof.to_string().as_bytes().ends_with(&word) {
        return Ok(());
    }
    Err(boot_kit::Error::new(ErrorKind::Trust, "another word"))
}

/// A megabyte that is proven by its identity.
fn good() -> Vec<u8> {
    let mut bytes = data();
    bytes[..4].copy_from_slice(b"good");
    bytes
}

fn bytes_of(net: &Net<'_>, artifact: &Artifact) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut fetched = net.artifact(artifact, &begins_with_its_word)?;
    fetched.file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[test]
fn an_identified_file_comes_once_and_then_from_the_store() {
    let (bench, server) = (Bench::new(), Server::start());
    server.put("/thing", good());
    server.fail_times("/thing", 1, Fault::BreakOff(300_000));
    let artifact = identified(&format!("{}/thing", server.url()));
    assert_eq!(bytes_of(&bench.net(), &artifact).expect("comes"), good());
    let requests = ["GET /thing", "GET /thing from 300000"];
    assert_eq!(server.take_requests(), requests);
    drop(server);
    let offline = bench.net_with(Options {
        offline: true,
        ..Options::default()
    });
    assert_eq!(bytes_of(&offline, &artifact).expect("is stored"), good());
    let unknown = Artifact {
        proof: Proof::Identity("word:none".into()),
        ..artifact
    };
    let error = bytes_of(&offline, &unknown).expect_err("was never there");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn an_identified_file_that_is_wrong_is_never_kept() {
    for (fault, why) in [
        (Fault::Alter(0), "has been altered: another word"),
        (
            Fault::Shorten(2),
            "has 2 bytes where the signed size is 1000000",
        ),
        (
            Fault::Replace([good(), vec![0]].concat()),
            "has 1000001 bytes where the signed size is 1000000",
        ),
    ] {
        let (bench, bad, mirror) = (Bench::new(), Server::start(), Server::start());
        bad.put("/thing", good()).fail("/thing", fault.clone());
        mirror.put("/thing", good());
        let url = format!("{}/thing", bad.url());
        let mut artifact = identified(&url);
        let error = bytes_of(&bench.net(), &artifact).expect_err("is wrong");
        assert_eq!(error.kind(), ErrorKind::Trust, "{fault:?}");
        let line = error.one_line();
        assert_eq!(line, format!("cannot get `thing`: `{url}` {why}"));
        assert_eq!(bench.blobs(), Vec::<PathBuf>::new(), "{fault:?}");
        bench.heard.take();

        artifact.urls.push(format!("{}/thing", mirror.url()));
        assert_eq!(bytes_of(&bench.net(), &artifact).expect("comes"), good());
        assert_eq!(bench.heard.warnings().len(), 1, "{fault:?}");
    }
}

#[test]
fn a_stored_file_that_lost_its_identity_comes_again() {
    let (bench, server) = (Bench::new(), Server::start());
    server.put("/thing", good());
    let artifact = identified(&format!("{}/thing", server.url()));
    assert_eq!(bytes_of(&bench.net(), &artifact).expect("comes"), good());
    let blob = bench.blobs().pop().expect("is kept");
    std::fs::write(blob, b"gooD").expect("writable");
    bench.heard.take();
    assert_eq!(bytes_of(&bench.net(), &artifact).expect("comes"), good());
    assert_eq!(
        bench.heard.warnings(),
        ["the stored copy of `thing` was damaged and has been removed"]
    );
    // A note that leads to another file proves nothing.
    let other = Artifact {
        proof: Proof::Identity("word:evil".into()),
        ..artifact
    };
    let digest = Digest::of(good()).to_string();
    let net = bench.net();
    net.remember("identity word:evil", digest.as_bytes())
        .expect("is kept");
    let error = bytes_of(&net, &other).expect_err("is another");
    assert_eq!(error.kind(), ErrorKind::Trust);
    assert_eq!(server.take_requests().len(), 3);
}
