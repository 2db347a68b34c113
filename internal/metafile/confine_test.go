package metafile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestConfined(t *testing.T) {
	top := t.TempDir()
	for _, name := range []string{"model/words", "model/sub/words", "model/.key", "model/.ssh/id", "model.key", "other/words"} {
		if err := errors.Join(os.MkdirAll(filepath.Join(top, filepath.Dir(name)), 0o755), os.WriteFile(filepath.Join(top, name), nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	links := map[string]string{"model/in": "sub/words", "model/out": "../other/words", "model/away": "../other", "model/cycle": "cycle", "alias": "model"}
	for name, to := range links {
		if err := os.Symlink(to, filepath.Join(top, name)); err != nil {
			t.Skip("needs symbolic links: ", err)
		}
	}
	for _, test := range []struct {
		path, dir, file string
		err             error
	}{
		{"model/words", "model", "model/words", nil},
		{"model/sub/words", "model", "model/sub/words", nil},
		{"model/sub/../words", "model", "model/words", nil},
		{"model/in", "model", "model/sub/words", nil},
		{"model/words", "alias", "model/words", nil},
		{"alias/words", "model", "model/words", nil},
		{"model/.ssh/id", "model/.ssh", "model/.ssh/id", nil},
		{"model/out", "model", "", ErrOutside},
		{"model/out", "other", "other/words", nil},
		{"model/away/words", "model", "", ErrOutside},
		{"model/../other/words", "model", "", ErrOutside},
		{"model.key", "model", "", ErrOutside},
		{"model/.key", "model", "", ErrOutside},
		{"model/.ssh/id", "model", "", ErrOutside},
		{"model/words", "missing", "", ErrOutside},
		{"model", "model", "", ErrOutside},
		{"model/sub", "model", "", fs.ErrInvalid},
		{"model/no", "model", "", fs.ErrNotExist},
	} {
		t.Run(test.path+" in "+test.dir, func(t *testing.T) {
			file, err := Confined(filepath.Join(top, test.path), filepath.Join(top, test.dir))
			if !errors.Is(err, test.err) {
				t.Fatalf("the error is %v, want %v", err, test.err)
			}
			if want, _ := filepath.EvalSymlinks(filepath.Join(top, test.file)); err == nil && file != want {
				t.Errorf("got %s, want %s", file, want)
			}
		})
	}
	if _, err := Confined(filepath.Join(top, "model", "cycle"), top); err == nil {
		t.Error("a cycle of links leads to a file")
	}
}
