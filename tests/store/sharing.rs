//! Two builds at once.

use crate::roles::{file, start, told};
use boot::store::{Upkeep, upkeep::clean::Limits};
use boot_kit::{
    event::Silence,
    testkit::{Fault, Server},
};
use std::{
    path::Path,
    process::Child,
    thread,
    time::{Duration, Instant},
};

fn fetch(directory: &Path, urls: &[String]) -> Child {
    let directory = directory.to_str().expect("is text");
    let mut words = vec!["fetch", directory];
    words.extend(urls.iter().map(String::as_str));
    start(&words)
}

/// Waits until the server was asked for something.
fn asked(server: &Server) -> Vec<String> {
    let begin = Instant::now();
    loop {
        let requests = server.take_requests();
        if !requests.is_empty() {
            return requests;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "nobody asks");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn two_processes_fetch_every_file_once_in_whatever_order() {
    let (directory, server) = (tempfile::tempdir().expect("a directory"), Server::start());
    server.delay(Duration::from_millis(30));
    let names: Vec<_> = (10..50).map(|i| format!("file{i}")).collect();
    let mut urls = Vec::new();
    for name in &names {
        server.put(&format!("/{name}"), file(name));
        urls.push(format!("{}/{name}", server.url()));
    }
    let forwards = fetch(directory.path(), &urls);
    urls.reverse();
    let backwards = fetch(directory.path(), &urls);
    let counts: Vec<usize> = [forwards, backwards]
        .map(|child| told(child)[0].parse().expect("a count"))
        .to_vec();
    assert_eq!(counts.iter().sum::<usize>(), 40, "{counts:?}");
    let mut requests = server.take_requests();
    requests.sort();
    let once: Vec<_> = names.iter().map(|name| format!("GET /{name}")).collect();
    assert_eq!(requests, once);
}

#[test]
fn a_killed_download_goes_on_in_the_one_that_waits() {
    let (directory, server) = (tempfile::tempdir().expect("a directory"), Server::start());
    server.put("/thing", file("thing"));
    server.fail_times("/thing", 1, Fault::Silence);
    let urls = [format!("{}/thing", server.url())];
    let mut first = fetch(directory.path(), &urls);
    assert_eq!(asked(&server), ["GET /thing"]);
    let second = fetch(directory.path(), &urls);
    thread::sleep(Duration::from_millis(500));
    assert_eq!(server.take_requests(), [""; 0], "the second waits");
    first.kill().expect("it runs");
    let killed = Instant::now();
    assert_eq!(asked(&server), ["GET /thing"]);
    assert!(killed.elapsed() < Duration::from_secs(1));
    assert_eq!(told(second), ["1"]);
    first.wait().expect("it ends");
}

#[test]
fn a_failed_download_goes_on_in_the_one_that_waits() {
    let (directory, server) = (tempfile::tempdir().expect("a directory"), Server::start());
    server.put("/thing", file("thing"));
    let late = Duration::from_millis(1500);
    server.fail("/slow/thing", Fault::Delay(late));
    // The first asks a server that has nothing and says so late.
    let mut first = fetch(directory.path(), &[format!("{}/slow/thing", server.url())]);
    assert_eq!(asked(&server), ["GET /slow/thing"]);
    let second = fetch(directory.path(), &[format!("{}/thing", server.url())]);
    thread::sleep(Duration::from_millis(400));
    assert_eq!(server.take_requests(), [""; 0], "the second waits");
    assert_eq!(told(second), ["1"]);
    assert!(!first.wait().expect("it ends").success());
}

#[test]
fn a_store_is_cleaned_beside_those_who_use_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("is text");
    let mut running: Vec<_> = (1..=3u32)
        .map(|seed| start(&["hammer", path, &seed.to_string(), "150"]))
        .collect();
    let upkeep = Upkeep::new(directory.path());
    let mut cleaned = 0;
    while running
        .iter_mut()
        .any(|child| child.try_wait().expect("a child").is_none())
    {
        upkeep.clean(Limits::default(), false).expect("is cleaned");
        cleaned += 1;
        let verified = upkeep.verify(true, &Silence).expect("readable");
        assert_eq!(verified.damaged, []);
    }
    assert!(cleaned > 3, "{cleaned}");
    for child in running {
        told(child);
    }
    upkeep.clean(Limits::default(), false).expect("is cleaned");
    assert_eq!(upkeep.items().expect("readable"), []);
}
