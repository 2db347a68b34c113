// Package savedmodel writes SavedModel directories: the graph, the checkpoint of its variables, and its asset files.
package savedmodel

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Model holds the contents of a SavedModel.
type Model struct {
	Message *wire.Rope        // the SavedModel
	Format  metafile.Format   // Text writes saved_model.pbtxt, anything else saved_model.pb
	Values  checkpoint.Source // values of the variables; a nil Checkpoint for none
	Assets  []Asset
	Dirs    []string // the directories whose files may become assets
}

// An Asset is a file that the graph reads during initialization.
type Asset struct {
	Filename string   // name in the directory assets
	Tensor   string   // the tensor that loaders set to the path of the file
	Sources  []string // candidate paths of the file, best first
}

// ErrNoAsset is the cause of an error about an asset that none of its candidate paths leads to.
var ErrNoAsset = errors.New("asset not found")

// find returns the file of an asset: that of the first candidate that is a regular file below one of the Dirs.
func (m *Model) find(asset *Asset) (string, error) {
	if len(asset.Sources) == 0 {
		return "", fmt.Errorf("the asset %q is missing", asset.Filename)
	}
	failed := &metafile.Error{Name: asset.Sources[0], Problem: "file not found", Err: ErrNoAsset}
	for _, path := range asset.Sources {
		file, err := metafile.Confined(path, m.Dirs...)
		if err == nil {
			return file, nil
		}
		if refused, ok := errors.AsType[*metafile.Error](err); ok && errors.Is(failed, ErrNoAsset) {
			failed = refused
		}
	}
	failed.Problem += fmt.Sprintf("; the graph reads its path from %q", asset.Tensor)
	return "", failed
}

// Check finds the assets and checks that the model can be written to dir. It returns the source file of each asset.
func (m *Model) Check(dir string) ([]string, error) {
	if err := metafile.CheckNewDirectory(dir); err != nil {
		return nil, err
	}
	found := make([]string, len(m.Assets))
	taken := make(map[string]string) // the file of each name in the directory assets
	for i, asset := range m.Assets {
		var err error
		if found[i], err = m.find(&asset); err != nil {
			return nil, err
		}
		if !filepath.IsLocal(asset.Filename) {
			return nil, fmt.Errorf("the asset %q has a path outside of the SavedModel", asset.Filename)
		}
		if other, ok := taken[asset.Filename]; ok && other != found[i] {
			return nil, fmt.Errorf("the files %q and %q would both become the asset %q", other, found[i], asset.Filename)
		}
		taken[asset.Filename] = found[i]
	}
	return found, nil
}

// Write writes the model to the directory dir, which must be new or empty. The directory appears complete or not at all. Write
// calls ready right before it renames the directory into place, so that the caller can release mapped files.
func (m *Model) Write(ctx context.Context, dir string, ready func() error) error {
	sources, err := m.Check(dir)
	if err != nil {
		return err
	}
	return metafile.WriteDirectory(ctx, dir, func(d *metafile.Directory) error {
		if err := m.fill(d, sources); err != nil {
			return err
		}
		return ready()
	})
}

// fill writes the files of the model.
func (m *Model) fill(d *metafile.Directory, sources []string) error {
	name := metafile.SavedModelBinary
	if m.Format == metafile.Text {
		name = metafile.SavedModelText
	}
	if err := metafile.Write(d.Ctx, filepath.Join(d.Temp, name), m.Message, metafile.SavedModel, metafile.WriteOptions{Format: m.Format}); err != nil {
		return err
	}
	// Loaders require the directory even if there are no variables.
	if err := d.MakeDir(metafile.VariablesDir); err != nil {
		return err
	}
	if m.Values.Checkpoint != nil {
		if err := checkpoint.Write(d.Ctx, filepath.Join(d.Temp, metafile.VariablesDir, metafile.VariablesDir), m.Values); err != nil {
			return err
		}
	}
	for i, asset := range m.Assets {
		name := filepath.Join("assets", filepath.FromSlash(asset.Filename))
		if err := d.MakeDir(filepath.Dir(name)); err != nil {
			return err
		}
		if err := metafile.CopyFile(d.Ctx, filepath.Join(d.Temp, name), sources[i]); err != nil {
			return err
		}
	}
	return nil
}
