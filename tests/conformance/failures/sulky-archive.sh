#!/usr/bin/env bash
# Makes an archive with a package `sulky` whose postinst fails, and a ring of the keys to trust: Debian's and its own.
#
#   sulky-archive.sh DIRECTORY
set -euo pipefail

main() {
    local archive=$1 binary=dists/broken/main/binary-amd64
    mkdir -p "$archive/$binary" "$archive/pool"
    make_package "$archive"
    cd "$archive"
    {
        dpkg-deb --field pool/sulky.deb
        echo "Filename: pool/sulky.deb"
        echo "Size: $(stat --format %s pool/sulky.deb)"
        echo "SHA256: $(sha256_of pool/sulky.deb)"
    } >"$binary/Packages"
    cat >Release <<END
Suite: broken
Codename: broken
Date: $(LC_ALL=C date -u '+%a, %d %b %Y %H:%M:%S UTC')
Architectures: amd64
Components: main
SHA256:
 $(sha256_of "$binary/Packages") $(stat --format %s "$binary/Packages") main/binary-amd64/Packages
END
    sign
}

make_package() {
    local tree=$1/tree
    mkdir -p "$tree/DEBIAN"
    cat >"$tree/DEBIAN/control" <<'END'
Package: sulky
Version: 1
Architecture: all
Maintainer: Nobody <nobody@example.org>
Description: package that cannot be configured
END
    printf '#!/bin/sh\necho "sulky sees no moon"\nexit 7\n' >"$tree/DEBIAN/postinst"
    chmod 755 "$tree/DEBIAN/postinst"
    dpkg-deb --root-owner-group --build "$tree" "$1/pool/sulky.deb"
}

sha256_of() {
    sha256sum "$1" | cut -d' ' -f1
}

sign() {
    export GNUPGHOME=$PWD/gnupg
    mkdir -m 700 "$GNUPGHOME"
    gpg --batch --quiet --passphrase '' --quick-generate-key 'Test <test@example.org>' ed25519 sign 1d
    gpg --batch --quiet --clearsign --output dists/broken/InRelease Release
    { gpg --batch --export; cat /usr/share/keyrings/debian-archive-keyring.gpg; } >keys.gpg
    gpgconf --kill all
}

main "$@"
