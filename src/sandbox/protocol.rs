//! What the program and the sandbox's init say to each other.
//!
//! Requests go through one stream socket: a length of four bytes, then JSON. With the length come
//! descriptors: a pipe for the reply and, to run a program, one for its output. A reply is JSON too; the
//! end of its pipe is the end of the reply, so an init that dies is never waited for.

use rustix::{
    cmsg_space,
    io::Errno,
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
    },
};
use serde::{Deserialize, Serialize};
use std::{
    ffi::OsString,
    io::{self, IoSlice, IoSliceMut, PipeReader, PipeWriter, Read, Write},
    mem::MaybeUninit,
    os::{
        fd::{BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
};

/// What init is asked to do.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Builds the sandbox; the first request, and only the first.
    Prepare {
        /// The directory that becomes the root, absolute.
        root: OsString,
        /// The name of the machine.
        hostname: String,
    },
    /// Starts a program.
    Run {
        /// Absolute path in the root.
        program: String,
        /// Its arguments after its name.
        args: Vec<String>,
        /// Its whole environment.
        env: Vec<(String, String)>,
    },
}

/// What became of a request.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// The sandbox stands; something may be missing in it.
    Ready {
        /// One sentence each.
        warnings: Vec<String>,
    },
    /// The program ended.
    Exited {
        /// Exit code, or 128 + signal.
        status: i32,
        /// Names of programs it left behind, which were killed.
        leftovers: Vec<String>,
    },
    /// The system refused.
    Failed {
        /// E.g. "cannot mount `/proc`".
        message: String,
        /// The error's number, if it has one.
        errno: Option<i32>,
    },
}

/// Sends one request with its descriptors, at most two.
pub fn send(socket: &UnixStream, request: &Request, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    let body = serde_json::to_vec(request)?;
    let length = u32::try_from(body.len())
        .map_err(io::Error::other)?
        .to_le_bytes();
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(2))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(fds));
    let sent = sendmsg(
        socket,
        &[IoSlice::new(&length)],
        &mut control,
        SendFlags::NOSIGNAL,
    )?;
    // Four bytes into a socket with room for thousands: all or none.
    debug_assert_eq!(sent, length.len());
    write_all(socket, &body)
}

fn write_all(socket: &UnixStream, mut body: &[u8]) -> io::Result<()> {
    while !body.is_empty() {
        match rustix::net::send(socket, body, SendFlags::NOSIGNAL) {
            Ok(sent) => body = &body[sent..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Waits for the next request; `None` when the other side is gone.
pub fn receive(mut socket: &UnixStream) -> io::Result<Option<(Request, Vec<OwnedFd>)>> {
    let mut length = [0; 4];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(2))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(
        socket,
        &mut [IoSliceMut::new(&mut length)],
        &mut control,
        RecvFlags::CMSG_CLOEXEC,
    )?
    .bytes;
    let mut fds = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            fds.extend(rights);
        }
    }
    if received == 0 {
        return Ok(None);
    }
    socket.read_exact(&mut length[received..])?;
    let mut body = vec![0; u32::from_le_bytes(length) as usize];
    socket.read_exact(&mut body)?;
    Ok(Some((serde_json::from_slice(&body)?, fds)))
}

/// Sends the reply and ends it.
pub fn reply(pipe: OwnedFd, reply: &Reply) -> io::Result<()> {
    PipeWriter::from(pipe).write_all(&serde_json::to_vec(reply)?)
}

/// Reads a whole reply; errors with `UnexpectedEof` if init died before it.
pub fn read_reply(pipe: &mut PipeReader) -> io::Result<Reply> {
    let mut body = Vec::new();
    pipe.read_to_end(&mut body)?;
    if body.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_slice(&body)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn requests_of_any_size_arrive_whole_with_their_pipes() {
        let (ours, theirs) = UnixStream::pair().expect("a socket pair");
        let sizes = [1, 5_000_000, 3];
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for size in sizes {
                    let (request, mut fds) =
                        receive(&theirs).expect("no error").expect("a request");
                    assert_eq!(request, run_with(size));
                    let answer = Reply::Exited {
                        status: 7,
                        leftovers: vec!["d".into()],
                    };
                    reply(fds.remove(0), &answer).expect("sent");
                    assert!(fds.is_empty());
                }
                assert!(receive(&theirs).expect("no error").is_none());
            });
            for size in sizes {
                let (mut reader, writer) = io::pipe().expect("a pipe");
                send(&ours, &run_with(size), &[writer.as_fd()]).expect("sent");
                drop(writer);
                let expected = Reply::Exited {
                    status: 7,
                    leftovers: vec!["d".into()],
                };
                assert_eq!(read_reply(&mut reader).expect("a reply"), expected);
            }
            drop(ours);
        });
    }

    fn run_with(size: usize) -> Request {
        Request::Run {
            program: "/bin/true".into(),
            args: vec!["x".repeat(size)],
            env: vec![("A".into(), "B".into())],
        }
    }

    #[test]
    fn a_dead_init_is_an_error() {
        let (mut reader, writer) = io::pipe().expect("a pipe");
        drop(writer);
        let error = read_reply(&mut reader).expect_err("is an error");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
