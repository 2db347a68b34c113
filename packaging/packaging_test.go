// Package packaging_test tries what lies beside the program: the installer, the Dockerfile, the notes of a release.
package packaging_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// The image is built with the very version that go.mod asks for, since its Go does not fetch another one.
func TestGoVersions(t *testing.T) {
	mod := submatch(t, "../go.mod", `(?m)^go (\S+)$`)
	if image := submatch(t, "../Dockerfile", `golang:(\S+) AS build`); image != mod {
		t.Errorf("Dockerfile builds with Go %s, go.mod says %s", image, mod)
	}
}

func submatch(t *testing.T, path, pattern string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(pattern).FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s has nothing like %s", path, pattern)
	}
	return string(found[1])
}

func TestInstall(t *testing.T) {
	needs(t, "sh", "curl", "tar", "gzip")
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" || runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("there is no archive for this system")
	}
	releases := t.TempDir()
	name := fmt.Sprintf("metagraph_1.2.3_%s_%s.tar.gz", runtime.GOOS, runtime.GOARCH)
	archive := tarball(t, "metagraph", "#!/bin/sh\necho metagraph 1.2.3\n")
	download := filepath.Join(releases, "download", "v1.2.3")
	write(t, filepath.Join(download, name), archive)
	sums := filepath.Join(download, "metagraph_1.2.3_checksums.txt")
	write(t, sums, fmt.Appendf(nil, "%x  other.deb\n%x  %s\n", sha256.Sum256(nil), sha256.Sum256(archive), name))

	install := func(version, directory string) (string, error) {
		c := exec.Command("sh", "install", version, directory)
		c.Env = append(os.Environ(), "METAGRAPH_RELEASES=file://"+filepath.ToSlash(releases))
		out, err := c.CombinedOutput()
		return string(out), err
	}
	directory := filepath.Join(t.TempDir(), "bin")
	if out, err := install("v1.2.3", directory); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.Command(filepath.Join(directory, "metagraph")).Output()
	if err != nil || string(out) != "metagraph 1.2.3\n" {
		t.Errorf("what was installed says %q, %v", out, err)
	}

	for _, test := range []struct{ name, version, sums, want string }{
		{"no such release", "9.9.9", "", "cannot get metagraph_9.9.9"},
		{"changed archive", "1.2.3", fmt.Sprintf("%x  %s\n", sha256.Sum256(nil), name), "is not what was released"},
		{"not listed", "1.2.3", "", "does not list"},
	} {
		t.Run(test.name, func(t *testing.T) {
			write(t, sums, []byte(test.sums))
			directory := filepath.Join(t.TempDir(), "bin")
			if out, err := install(test.version, directory); err == nil || !strings.Contains(out, test.want) {
				t.Errorf("got %v and %q, want %q", err, out, test.want)
			}
			if _, err := os.Stat(filepath.Join(directory, "metagraph")); err == nil {
				t.Error("it was installed all the same")
			}
		})
	}
}

// tarball returns a .tar.gz with one program in it.
func tarball(t *testing.T, name, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestNotes(t *testing.T) {
	needs(t, "sh", "awk")
	dir := t.TempDir()
	script, err := os.ReadFile("notes")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "packaging", "notes"), script)
	write(t, filepath.Join(dir, "CHANGELOG.md"), []byte("# Changelog\n\n## [Unreleased]\n\n- c\n\n## [1.1.0] - 2026-12-01\n\n### Added\n\n- b\n\n## [1.0.0] - 2026-11-01\n\n- a\n\n[1.0.0]: x\n"))
	for _, test := range []struct {
		version, want string
		ok            bool
	}{
		{"v1.1.0", "### Added\n\n- b", true},
		{"1.0.0", "- a", true},
		{"1.0", "", false},
	} {
		out, err := exec.Command("sh", filepath.Join(dir, "packaging", "notes"), test.version).Output()
		if got := strings.TrimSpace(string(out)); got != test.want || (err == nil) != test.ok {
			t.Errorf("notes of %s: %q, %v", test.version, got, err)
		}
	}
}

func needs(t *testing.T, programs ...string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("these are scripts for Unix")
	}
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
}
