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

// DebugInfoPath returns where the GraphDebugInfo of a MetaGraphDef at path lies: at the same path with .debug instead of the
// last extension (save_debug_info of export_scoped_meta_graph in tensorflow/python/framework/meta_graph.py).
func DebugInfoPath(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + ".debug"
}

// DebugInfo reads the GraphDebugInfo that lies beside a file, in binary or text, and returns its bytes in binary. It reports
// false where there is none, and for standard input. Beside a SavedModel it lies in the directory debug.
func (f *File) DebugInfo() ([]byte, bool, error) {
	if f.Path == "" {
		return nil, false, nil
	}
	path := DebugInfoPath(f.Path)
	if f.Kind == SavedModel {
		path = filepath.Join(filepath.Dir(f.Path), "debug", "saved_model_debug_info.pb")
	}
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	notBinary := wire.Check(raw)
	if notBinary == nil {
		return raw, true, nil
	}
	info, err := text.Parse(raw, DebugInfo.Descriptor(), text.ParseOptions{})
	if err != nil {
		return nil, false, &Error{Name: path, Problem: fmt.Sprintf("is no GraphDebugInfo: as binary, %v; as text, %v", notBinary, err),
			Hint: "move it away, or leave out --save-debug-info"}
	}
	return info, true, nil
}
