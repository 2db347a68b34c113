package metafile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

// maxTreeDepth limits how deep Copy descends, in case links form a cycle.
const maxTreeDepth = 16

// Copy copies the content of source into the directory, without the top-level entries for which skip returns true.
// Copied files share their data with the originals if the file system supports that. A link out of source is an error.
func (d *Directory) Copy(source string, skip func(name string) bool) error {
	root, err := filepath.EvalSymlinks(source)
	if err != nil {
		return err
	}
	return d.copyInto(d.Temp, root, root, skip, maxTreeDepth)
}

func (d *Directory) copyInto(to, from, root string, skip func(name string) bool, depth int) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return cannotOpen(from, err)
	}
	for _, entry := range entries {
		// The directory may be created in the one that is copied.
		if skip(entry.Name()) || entry.Name() == filepath.Base(d.Temp) {
			continue
		}
		if d.Ctx.Err() != nil {
			return context.Cause(d.Ctx)
		}
		path, err := filepath.EvalSymlinks(filepath.Join(from, entry.Name()))
		if err != nil {
			return err
		}
		if _, ok := pathBelow(root, path); !ok {
			return &Error{Name: filepath.Join(from, entry.Name()), Problem: "is a link to a file outside " + root, Advice: "replace the link with a copy of the file, for example with cp -RL"}
		}
		stat, err := os.Stat(path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, entry.Name())
		switch {
		case stat.IsDir() && depth == 0:
			return &Error{Name: from, Problem: "has directories nested too deeply to copy"}
		case stat.IsDir():
			all := func(string) bool { return false }
			if err := errors.Join(os.Mkdir(target, 0o777), d.copyInto(target, path, root, all, depth-1)); err != nil {
				return err
			}
		case stat.Mode().IsRegular():
			if err := d.link(target, path); err != nil {
				return err
			}
		}
	}
	return nil
}

// link makes path share its data with source, or copies source if that is not supported.
func (d *Directory) link(path, source string) error {
	if os.Link(source, path) == nil {
		return nil
	}
	return CopyFile(d.Ctx, path, source)
}
