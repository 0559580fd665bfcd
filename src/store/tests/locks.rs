//! Locks between runs, here between threads: `tests/store` has them between processes.

use super::{directory, files, open};
use boot_kit::{Digest, ErrorKind, Event, Report, event::Silence};
use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

static GO: AtomicBool = AtomicBool::new(false);

#[derive(Default)]
struct Heard(Mutex<Vec<Event>>);

impl Report for Heard {
    fn event(&self, event: Event) {
        self.0.lock().expect("nobody panicked").push(event);
    }
}

#[test]
fn one_claim_at_a_time() {
    let directory = directory();
    let stores = [open(directory.path()), open(directory.path())];
    let (inside, key) = (AtomicUsize::new(0), Digest::of("key"));
    thread::scope(|scope| {
        for i in 0..8 {
            let (store, inside, key) = (&stores[i % 2], &inside, &key);
            scope.spawn(move || {
                for _ in 0..20 {
                    let claim = store.claim(key, &GO).expect("is given");
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(claim);
                }
            });
        }
    });
    assert!(files(&directory.path().join("locks")).is_empty());
}

#[test]
fn other_claims_are_not_waited_for() {
    let directory = directory();
    let store = open(directory.path());
    let begin = Instant::now();
    let claims: Vec<_> = (0..10u8)
        .map(|i| store.claim(&Digest::of([i]), &GO).expect("is given"))
        .collect();
    let _layer = store.lock_layer(&Digest::of([0]), &GO, &Silence);
    assert!(begin.elapsed() < Duration::from_secs(1));
    drop(claims);
}

#[test]
fn a_download_is_waited_for_while_bytes_come() {
    let directory = directory();
    let (first, second) = (open(directory.path()), open(directory.path()));
    let key = Digest::of("key");
    let claim = first.claim(&key, &GO).expect("is given");
    let still = Duration::from_millis(300);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            second.claim_within(still, &key, &GO).expect("is given");
            Instant::now()
        });
        // Bytes come for three times as long as it would wait for none.
        for _ in 0..18 {
            thread::sleep(Duration::from_millis(50));
            claim.progress();
        }
        let last = Instant::now();
        assert!(!waiter.is_finished());
        // Now none come, and the claim is not given back.
        let given = waiter.join().expect("did not panic");
        assert!(given.duration_since(last) < Duration::from_secs(2));
    });
    drop(claim);
}

#[test]
fn a_signal_ends_a_wait() {
    let directory = directory();
    let store = open(directory.path());
    let key = Digest::of("key");
    let _claim = store.claim(&key, &GO).expect("is given");
    let _layer = store.lock_layer(&key, &GO, &Silence).expect("is given");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let claim = scope.spawn(|| store.claim(&key, &stop).err());
        let layer = scope.spawn(|| store.lock_layer(&key, &stop, &Silence).err());
        thread::sleep(Duration::from_millis(50));
        stop.store(true, Ordering::Relaxed);
        for waiter in [claim, layer] {
            let error = waiter.join().expect("did not panic").expect("was stopped");
            assert_eq!(error.kind(), ErrorKind::Interrupted);
        }
    });
}

#[test]
fn a_layer_is_waited_for_while_its_maker_lives() {
    let directory = directory();
    let (first, second) = (open(directory.path()), open(directory.path()));
    let (key, still) = (Digest::of("key"), Duration::from_millis(300));
    let lock = first
        .lock_layer_within(still, &key, &GO, &Silence)
        .expect("is given");
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let lock = second.lock_layer_within(still, &key, &GO, &Silence);
            drop(lock.expect("is given"));
        });
        // Nobody but the lock itself shows signs of life.
        thread::sleep(3 * still);
        assert!(!waiter.is_finished());
        drop(lock);
    });
    assert!(files(&directory.path().join("locks")).is_empty());
}

#[test]
fn a_maker_of_a_layer_that_stands_still_is_not_waited_for() {
    let directory = directory();
    let (store, heard) = (open(directory.path()), Heard::default());
    let (key, still) = (Digest::of("key"), Duration::from_millis(300));
    // What a stopped process looks like: a lock, and no sign of life.
    let file = std::fs::File::create(directory.path().join(format!("locks/layer-{key}")));
    let file = file.expect("writable");
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).expect("is free");
    let begin = Instant::now();
    let wait = || store.lock_layer_within(still, &key, &GO, &heard);
    let _lock = wait().expect("is given");
    let waited = begin.elapsed();
    assert!(waited >= still, "{waited:?}");
    // By now it is known to stand still.
    let _again = wait().expect("is given");
    assert!(begin.elapsed() < waited + still);
    let message =
        "another build that makes the same layer has stood still for 0 s: making it here as well";
    let warning = Event::Warning {
        message: message.to_owned(),
    };
    let heard = heard.0.into_inner().expect("nobody panicked");
    assert_eq!(heard, [warning.clone(), warning]);
}

#[test]
fn waiting_for_a_layer_is_told_after_a_second_and_once() {
    let directory = directory();
    let (store, heard) = (open(directory.path()), Heard::default());
    let key = Digest::of("key");
    let lock = store.lock_layer(&key, &GO, &heard).expect("is given");
    thread::scope(|scope| {
        let waiter = scope.spawn(|| store.lock_layer(&key, &GO, &heard).map(drop));
        thread::sleep(Duration::from_millis(1300));
        drop(lock);
        waiter.join().expect("did not panic").expect("is given");
    });
    let message = "waiting for another build that makes the same layer".to_owned();
    let heard = heard.0.into_inner().expect("nobody panicked");
    assert_eq!(heard, [Event::Warning { message }]);
}
