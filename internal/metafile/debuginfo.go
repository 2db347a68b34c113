package metafile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/metagraph/metagraph/internal/text"
	"github.com/metagraph/metagraph/internal/wire"
)

// DebugInfoPath returns the path of the GraphDebugInfo of a MetaGraphDef: path with its last extension replaced by
// .debug (save_debug_info of export_scoped_meta_graph in tensorflow/python/framework/meta_graph.py).
func DebugInfoPath(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + ".debug"
}

// DebugInfo reads the GraphDebugInfo that belongs to a file, in binary or text, and returns it in binary. For a
// SavedModel, it reads the file in the directory debug. It reports false if there is none, and for standard input.
func (f *File) DebugInfo() ([]byte, bool, error) {
	if f.Path == "" {
		return nil, false, nil
	}
	path := DebugInfoPath(f.Path)
	if f.Kind == SavedModel {
		path = filepath.Join(filepath.Dir(f.Path), "debug", "saved_model_debug_info.pb")
	}
	file, _, err := openRegular(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer file.Close() //nolint:errcheck // read only
	raw, err := readLimited(file)
	if err != nil {
		return nil, false, err
	}
	notBinary := wire.Check(raw)
	if notBinary == nil {
		return raw, true, nil
	}
	info, err := text.Parse(raw, DebugInfo.Descriptor(), text.Options{})
	if err != nil {
		return nil, false, &Error{Name: path, Problem: fmt.Sprintf("is not a GraphDebugInfo: as binary, %v; as text, %v", notBinary, err), Err: ErrDebugInfo}
	}
	return info, true, nil
}
