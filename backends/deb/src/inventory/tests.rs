use super::*;

fn contents(files: &[(&'static str, &str)]) -> Contents {
    files
        .iter()
        .map(|(path, text)| (RootPath::from(*path), text.as_bytes().to_vec()))
        .collect()
}

fn read(contents: &Contents) -> Vec<Package> {
    let packages = Dpkg.read(contents).expect("well-formed");
    packages.expect("is there")
}

fn paths(paths: &[&'static str]) -> Vec<RootPath> {
    paths.iter().copied().map(RootPath::from).collect()
}

const LIBRARY: &str = "Package: library1\nStatus: install ok installed\nPriority: optional\nInstalled-Size: 12\n\
    Architecture: amd64\nMulti-Arch: same\nSource: library (1.0)\nVersion: 1.0-2\nProvides: words (= 1)\n\
    Depends: libc6 (>= 2.36), a | b [amd64], c:any\nPre-Depends: base\n";

#[test]
fn a_package_is_all_that_its_files_say() {
    let contents = contents(&[
        (
            "var/lib/dpkg/status",
            &format!(
                "{LIBRARY}\nPackage: gone\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 1\n"
            ),
        ),
        (
            "var/lib/dpkg/info/library1:amd64.list",
            "/.\n/lib\n/lib/library.so.1\n/usr/bin/x\n",
        ),
        (
            "var/lib/dpkg/diversions",
            "/usr/bin/x\n/usr/bin/x.real\nother\n",
        ),
        (
            "var/lib/apt/extended_states",
            "Package: library1\nArchitecture: amd64\nAuto-Installed: 1\n",
        ),
        (
            "usr/share/doc/library1/copyright",
            "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nLicense: MIT\n",
        ),
    ]);
    assert!(contents.keys().all(|path| Dpkg.wants(path)));
    assert!(!Dpkg.wants(&RootPath::from("usr/bin/x")));
    let packages = read(&contents);
    let [package] = &packages[..] else {
        panic!("one package, not {packages:?}");
    };
    let clause = |text: &str, alternatives: &[&str]| Clause {
        text: text.into(),
        alternatives: alternatives.iter().map(|name| (*name).into()).collect(),
    };
    let wanted = Package {
        name: "library1".into(),
        qualifier: "amd64".into(),
        version: "1.0-2".into(),
        arch: Some("amd64".into()),
        source: Some("library".into()),
        licences: vec!["MIT".into()],
        installed_bytes: Some(12 << 10),
        essential: false,
        priority: Some("optional".into()),
        automatic: Some(true),
        provides: vec!["words".into()],
        needs: vec![
            clause("base", &["base"]),
            clause("libc6 (>= 2.36)", &["libc6"]),
            clause("a | b", &["a", "b"]),
            clause("c:any", &["c"]),
        ],
        files: paths(&["lib", "lib/library.so.1", "usr/bin/x.real"]),
        generated: package.generated.clone(),
    };
    assert_eq!(*package, wanted);
    let info = RootPath::from("var/lib/dpkg/info/library1:amd64.postinst");
    assert!(package.generated.contains(&info));
}

#[test]
fn what_is_for_all_architectures_is_automatic_under_apts_own() {
    let contents = contents(&[
        (
            "var/lib/dpkg/status",
            "Package: needed\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n\
             Package: wanted\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n\
             Package: foreign\nStatus: install ok installed\nArchitecture: i386\nVersion: 1\n",
        ),
        (
            "var/lib/apt/extended_states",
            "Package: needed\nArchitecture: amd64\nAuto-Installed: 1\n\n\
             Package: foreign\nArchitecture: amd64\nAuto-Installed: 1\n",
        ),
    ]);
    let packages = read(&contents);
    let found: Vec<_> = packages
        .iter()
        .map(|it| (it.name.as_str(), it.automatic))
        .collect();
    assert_eq!(
        found,
        [
            ("needed", Some(true)),
            ("wanted", Some(false)),
            ("foreign", Some(false))
        ]
    );
}

#[test]
fn images_without_dpkg_have_a_paragraph_each() {
    let contents = contents(&[
        (
            "var/lib/dpkg/status.d/tzdata",
            "Package: tzdata\nArchitecture: all\nVersion: 2024\n",
        ),
        (
            "var/lib/dpkg/status.d/tzdata.md5sums",
            "d41d8cd98f00b204e9800998ecf8427e  usr/share/zoneinfo/UTC\n",
        ),
    ]);
    let packages = read(&contents);
    let found: Vec<_> = packages
        .iter()
        .map(|it| (it.name.as_str(), it.files.clone(), it.automatic))
        .collect();
    assert_eq!(
        found,
        [("tzdata", paths(&["usr/share/zoneinfo/UTC"]), None)]
    );
}

#[test]
fn an_image_without_a_database_has_no_inventory() {
    let contents = contents(&[("usr/share/doc/x/copyright", "free\n")]);
    assert_eq!(Dpkg.read(&contents).expect("nothing to read"), None);
    let broken = self::contents(&[("var/lib/dpkg/status", "nonsense\n")]);
    assert!(Dpkg.read(&broken).is_err());
}
