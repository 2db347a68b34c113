package main

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/wire"
)

// A place is the destination of a rewriting command.
type place struct {
	path      string         // the file, or standard output (see metafile.IsStdout)
	kind      metafile.Kind  // the message in it
	owner     *metafile.File // the input whose message gets the new MetaGraphDef
	directory string         // the new directory of a SavedModel that path is in, "" for none
}

// placeOf returns the destination for OUT. An input that is replaced keeps its file type. Otherwise the name of OUT sets the type, or else
// the type of the owner does. If the owner is the directory of a SavedModel, OUT becomes a directory too.
func placeOf(out string, owner *metafile.File, inputs ...*metafile.File) (place, error) {
	for _, in := range inputs {
		if samePlace(out, in) {
			return place{path: in.Path, kind: in.Kind, owner: in}, nil
		}
	}
	p := place{path: out, kind: owner.Kind, owner: owner}
	kind, named := metafile.KindByName(out)
	switch {
	case named && kind == metafile.SavedModel && owner.Kind != metafile.SavedModel:
		return p, fileErrorf(out, "name it *.meta, or make a SavedModel with metagraph export --saved-model", "cannot write a SavedModel, since %s is a %s", owner.Name, owner.Kind)
	case named:
		p.kind = kind
	case owner.Kind == metafile.SavedModel && isDirectory(owner.Argument) && !metafile.IsStdout(out) && !hasMessageExtension(out):
		p.directory, p.path = out, filepath.Join(out, filepath.Base(owner.Path))
		return p, metafile.CheckNewDirectory(out)
	}
	return p, nil
}

// message returns the message to write. metas are the new MetaGraphDefs of the owner, one for each that is selected.
func (p *place) message(metas ...*wire.Rope) (*wire.Rope, error) {
	switch {
	case p.kind == p.owner.Kind:
		return p.owner.RebuildAll(metas)
	case len(metas) > 1:
		return nil, fileErrorf(p.path, "select one with --tag-set, or write a SavedModel", "a %s contains one graph, but %d are selected", p.kind, len(metas))
	}
	return p.owner.As(p.kind, metas[0])
}

// copyTo fills a new directory: the message, with write, and the other files of the owner's directory. It skips the fingerprint, which
// belongs to the old message.
func (p *place) copyTo(d *metafile.Directory, write func(path string) error) error {
	source, name := filepath.Dir(p.owner.Path), filepath.Base(p.path)
	skipped := []string{metafile.SavedModelBinary, metafile.SavedModelText, "fingerprint.pb"}
	if err := d.Copy(source, func(name string) bool { return slices.Contains(skipped, name) }); err != nil {
		return err
	}
	return write(filepath.Join(d.Temp, name))
}

// name returns the name of the place for a report.
func (p *place) name() string {
	switch {
	case p.directory != "":
		return p.directory
	case metafile.IsStdout(p.path):
		return "standard output"
	}
	return p.path
}

// samePlace reports whether OUT is the file that was read, or equals the argument it was read from.
func samePlace(out string, in *metafile.File) bool {
	if in.Path == "" || metafile.IsStdout(out) {
		return false
	}
	if filepath.Clean(out) == filepath.Clean(in.Argument) {
		return true
	}
	a, errA := os.Stat(out)
	b, errB := os.Stat(in.Path)
	return errA == nil && errB == nil && os.SameFile(a, b)
}

// isDirectory reports whether path is a directory.
func isDirectory(path string) bool {
	stat, err := os.Stat(path)
	return err == nil && stat.IsDir()
}

// hasMessageExtension reports whether a name has the extension of a file that holds one message.
func hasMessageExtension(path string) bool {
	_, known := metafile.KindByName(path)
	return known || metafile.FormatOf(path) != metafile.Binary
}
