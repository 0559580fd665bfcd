//! Files that may have changed, asked for again.

use super::{Bench, Heard, data};
use crate::net::Net;
use boot_kit::{
    Event, Fetch, Request, Result,
    testkit::{Fault, Server, Validator},
};
use std::io::Read;

fn request(server: &Server) -> Request {
    Request {
        name: "thing".into(),
        urls: vec![format!("{}/thing", server.url())],
        size: 2_000_000,
        digest: None,
    }
}

fn get(net: &Net<'_>, request: &Request) -> Result<Vec<u8>> {
    let mut fetched = net.get(request)?;
    assert_eq!(fetched.url.as_ref(), request.urls.first());
    let mut bytes = Vec::new();
    fetched.file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The sizes of the indexes that were heard of.
fn indexes(heard: &Heard) -> Vec<u64> {
    let events = heard.take().into_iter();
    events
        .filter_map(|event| match event {
            Event::Index { bytes, .. } => Some(bytes),
            _ => None,
        })
        .collect()
}

#[test]
fn what_has_not_changed_is_not_sent_again() {
    for validator in [Validator::ETag, Validator::LastModified] {
        let (bench, server) = (Bench::new(), Server::start());
        server.validate(validator).put("/thing", data());
        let request = request(&server);
        for _ in 0..2 {
            assert_eq!(get(&bench.net(), &request).expect("is there"), data());
        }
        // The whole file would break off: only 304 can have answered.
        server.fail("/thing", Fault::Status(304));
        assert_eq!(get(&bench.net(), &request).expect("is there"), data());
        server.mend().put("/thing", b"another");
        for _ in 0..2 {
            assert_eq!(get(&bench.net(), &request).expect("is there"), b"another");
        }
        assert_eq!(
            server.take_requests(),
            [
                "GET /thing",
                "GET /thing if changed",
                "GET /thing if changed",
                "GET /thing if changed",
                "GET /thing if changed"
            ],
            "{validator:?}"
        );
        let sizes = [1_000_000, 1_000_000, 1_000_000, 7, 7];
        assert_eq!(indexes(&bench.heard), sizes, "{validator:?}");
    }
}

#[test]
fn a_second_question_in_one_run_is_without_condition() {
    let (bench, server) = (Bench::new(), Server::start());
    server.validate(Validator::ETag).put("/thing", data());
    let request = request(&server);
    assert_eq!(get(&bench.net(), &request).expect("is there"), data());
    // This server says that nothing changed, whatever happens.
    server.put("/thing", b"another");
    server.fail_times("/thing", 1, Fault::Status(304));
    let net = bench.net();
    assert_eq!(get(&net, &request).expect("is there"), data());
    assert_eq!(get(&net, &request).expect("is there"), b"another");
    assert_eq!(
        server.take_requests(),
        ["GET /thing", "GET /thing if changed", "GET /thing"]
    );
}

#[test]
fn a_server_that_names_no_states_sends_all() {
    let (bench, server) = (Bench::new(), Server::start());
    server.put("/thing", data());
    for _ in 0..2 {
        let came = get(&bench.net(), &request(&server)).expect("is there");
        assert_eq!(came, data());
    }
    assert_eq!(server.take_requests(), ["GET /thing", "GET /thing"]);
    assert_eq!(bench.blobs().len(), 0);
}

#[test]
fn a_damaged_copy_is_asked_for_without_condition() {
    let (bench, server) = (Bench::new(), Server::start());
    server.validate(Validator::ETag).put("/thing", data());
    let request = request(&server);
    for damage in [Some(b"another"), None] {
        assert_eq!(get(&bench.net(), &request).expect("is there"), data());
        server.take_requests();
        let blob = bench.blobs().pop().expect("is kept");
        match damage {
            Some(bytes) => std::fs::write(blob, bytes).expect("writable"),
            None => std::fs::remove_file(blob).expect("is there"),
        }
        assert_eq!(get(&bench.net(), &request).expect("is there"), data());
        assert_eq!(server.take_requests(), ["GET /thing"], "{damage:?}");
    }
}

#[test]
fn what_broke_off_is_not_remembered() {
    let (bench, server) = (Bench::new(), Server::start());
    server.validate(Validator::ETag).put("/thing", data());
    server.fail_times("/thing", 1, Fault::BreakOff(1000));
    let request = request(&server);
    assert_eq!(get(&bench.net(), &request).expect("is there"), data());
    assert_eq!(get(&bench.net(), &request).expect("is there"), data());
    assert_eq!(
        server.take_requests(),
        ["GET /thing", "GET /thing", "GET /thing if changed"]
    );
}
