package metafile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/text"
)

// stateName is the file in which a Saver records its checkpoints
// (tensorflow/python/checkpoint/checkpoint_management.py).
const stateName = "checkpoint"

// Names in the directory of a SavedModel (tensorflow/python/saved_model/constants.py).
const (
	SavedModelBinary = "saved_model.pb"
	SavedModelText   = "saved_model.pbtxt"
	VariablesDir     = "variables" // the checkpoint in it has the same name
)

// savedModelIn returns the file of the SavedModel in a directory, or "" if there is none.
func savedModelIn(dir string) string {
	for _, name := range []string{SavedModelBinary, SavedModelText} {
		if path := filepath.Join(dir, name); exists(path) {
			return path
		}
	}
	return ""
}

// savedModelAbove returns the directory of the SavedModel whose variables are in dir, or "" if dir is not in a SavedModel.
func savedModelAbove(dir string) string {
	if dir = filepath.Clean(dir); filepath.Base(dir) == VariablesDir && savedModelIn(filepath.Dir(dir)) != "" {
		return filepath.Dir(dir)
	}
	return ""
}

// maxState is the maximum size of a state file. It leaves room for the names and times of thousands of checkpoints.
const maxState = 16 << 20

// errNoState is the cause of an error about a file that is not a state file.
var errNoState = errors.New("no CheckpointState")

// shards matches the suffix of the shards of a V1 checkpoint.
var shards = regexp.MustCompile(`-[\d?]+-of-\d+$`)

// metaName returns the path of the MetaGraphDef that belongs to a checkpoint (meta_graph_filename in
// tensorflow/python/checkpoint/checkpoint_management.py).
func metaName(prefix string) string {
	return shards.ReplaceAllLiteralString(prefix, "") + metaSuffix
}

// resolve returns the file that an argument refers to: the file itself, the .meta of a checkpoint prefix, or in a
// directory the saved_model.pb or the .meta of the latest checkpoint. A V1 checkpoint is a file whose name is its
// prefix.
func resolve(path string) (string, error) {
	stat, err := os.Stat(path)
	switch {
	case err == nil && stat.IsDir():
		return resolveDirectory(path)
	case err == nil && filepath.Base(path) == stateName && stat.Mode().IsRegular() && stat.Size() <= maxState:
		latest, err := latestCheckpoint(path)
		if errors.Is(err, errNoState) {
			return path, nil // some other file with that name
		}
		return latest, err
	case err == nil:
		if meta := metaName(path); exists(meta) && isTableAt(path, stat) {
			return meta, nil
		}
		return path, nil
	case !isNotExist(err):
		return "", err
	}
	if _, err := os.Stat(metaName(path)); err == nil {
		return metaName(path), nil
	}
	return "", missing(path, err)
}

// missing returns the error for a path that does not exist, with a hint that names alternatives.
func missing(path string, err error) error {
	const problem = "no such file or directory" // the system's wording varies
	if scheme, _, isURL := strings.Cut(path, "://"); isURL && scheme != "" {
		return &Error{Name: path, Problem: "is a URL; metagraph reads local files", Advice: fetch(scheme, path), Err: err}
	}
	dir := filepath.Dir(path)
	if model := savedModelAbove(dir); model != "" {
		return &Error{Name: path, Problem: "is the checkpoint of a SavedModel, which contains no graph", Advice: "give the directory of the SavedModel: " + model, Err: err}
	}
	if _, statErr := os.Stat(dir); statErr != nil {
		return &Error{Name: path, Problem: problem, Advice: fmt.Sprintf("directory %s does not exist", dir), Err: err}
	}
	// A checkpoint that was saved with write_meta_graph=False has an index and no .meta.
	if _, statErr := os.Stat(path + indexSuffix); statErr == nil {
		return &Error{Name: path, Problem: "is a checkpoint without a graph: it has an .index but no .meta", Err: err,
			Advice: "it was saved with write_meta_graph=False; " + metaFilesHint(dir)}
	}
	return &Error{Name: path, Problem: problem, Advice: metaFilesHint(dir), Err: err}
}

// fetch returns a hint that says how to read the file at a URL.
func fetch(scheme, url string) string {
	switch scheme {
	case "http", "https":
		return "pipe it in: curl -fsSL '" + url + "' | metagraph show -"
	case "gs":
		return "pipe it in: gcloud storage cat '" + url + "' | metagraph show -"
	case "s3":
		return "pipe it in: aws s3 cp '" + url + "' - | metagraph show -"
	case "hdfs":
		return "pipe it in: hdfs dfs -cat '" + url + "' | metagraph show -"
	case "file":
		return "give only the path: " + strings.TrimPrefix(url, "file://")
	}
	return "download the file first"
}

// metaFilesHint returns a hint that names the .meta files in a directory.
func metaFilesHint(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "" // the directory cannot be read
	}
	var found []string
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) == metaSuffix {
			found = append(found, filepath.Join(dir, entry.Name()))
		}
	}
	return foundHint(found, ".meta file", dir)
}

// foundHint returns a hint that names the last of the files found in a directory. The noun is their type.
func foundHint(found []string, noun, dir string) string {
	if dir == "." {
		dir = "the current directory"
	}
	switch len(found) {
	case 0:
		return fmt.Sprintf("found no %s in %s", noun, dir)
	case 1:
		return "found " + found[0]
	}
	return fmt.Sprintf("found %d %ss in %s, for example %s", len(found), noun, dir, found[len(found)-1])
}

// resolveDirectory returns the file that a directory refers to.
func resolveDirectory(dir string) (string, error) {
	if model := savedModelIn(dir); model != "" {
		return model, nil
	}
	state := filepath.Join(dir, stateName)
	if !exists(state) {
		if _, err := os.Stat(state); err != nil && !isNotExist(err) {
			return "", err // for example, permission denied
		}
		// A directory and a checkpoint can have the same name.
		if path := filepath.Clean(dir) + metaSuffix; exists(path) {
			return path, nil
		}
		if versions := servingVersions(dir); len(versions) > 0 {
			latest := filepath.Join(dir, versions[len(versions)-1])
			return "", &Error{Name: dir, Problem: "contains versions of a SavedModel for TensorFlow Serving: " + strings.Join(versions, ", "),
				Advice: "give one of them, for example " + latest}
		}
		if model := savedModelAbove(dir); model != "" {
			return "", &Error{Name: dir, Problem: "contains the variables of a SavedModel but no graph", Advice: "give the directory of the SavedModel: " + model}
		}
		if path := filepath.Join(dir, metaSuffix); exists(path) {
			return "", &Error{Name: dir, Problem: "is a directory; the checkpoint in it was saved with an empty name", Advice: "give its graph: " + path}
		}
		problem := "is a directory with neither a saved_model.pb nor a `checkpoint` file that names the latest checkpoint"
		return "", &Error{Name: dir, Problem: problem, Advice: metaFilesHint(dir)}
	}
	return latestCheckpoint(state)
}

// maxVersions is the number of versions of a model that an error lists. It lists the latest ones.
const maxVersions = 5

// servingVersions returns the subdirectories that have a number as their name and hold a SavedModel. It returns the
// latest ones, in increasing order.
func servingVersions(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var versions []uint64
	for _, entry := range entries {
		version, err := strconv.ParseUint(entry.Name(), 10, 64)
		if err == nil && savedModelIn(filepath.Join(dir, entry.Name())) != "" {
			versions = append(versions, version)
		}
	}
	slices.Sort(versions)
	var names []string
	for _, version := range versions[max(len(versions)-maxVersions, 0):] {
		names = append(names, strconv.FormatUint(version, 10))
	}
	return names
}

// latestCheckpoint returns the .meta of the checkpoint that a state file names (tf.train.latest_checkpoint).
func latestCheckpoint(state string) (string, error) {
	prefixes, err := latestPrefixes(state)
	if err != nil {
		return "", err
	}
	for _, prefix := range prefixes {
		if meta := prefix + metaSuffix; exists(meta) {
			return meta, nil
		}
	}
	return "", &Error{Name: prefixes[0] + metaSuffix, Problem: fmt.Sprintf("does not exist, but %s names it as the latest checkpoint", state), Advice: metaFilesHint(filepath.Dir(state))}
}

// CheckpointPrefix returns the prefix of the checkpoint in a directory: that of a SavedModel, or the latest checkpoint
// of a training directory. A file named `checkpoint` stands for its directory if it names the latest checkpoint.
// CheckpointPrefix returns any other path unchanged.
func CheckpointPrefix(path string) (string, error) {
	stat, err := os.Stat(path)
	switch {
	case err != nil || exists(path+indexSuffix):
		return path, nil
	case !stat.IsDir():
		if filepath.Base(path) != stateName {
			return path, nil
		}
		prefix, err := latestPrefix(path)
		if errors.Is(err, errNoState) {
			return path, nil // some other file with that name
		}
		return prefix, err
	}
	if savedModelIn(path) != "" {
		return filepath.Join(path, VariablesDir, VariablesDir), nil
	}
	state := filepath.Join(path, stateName)
	if !exists(state) {
		return "", &Error{Name: path, Problem: "is a directory without a `checkpoint` file that names the latest checkpoint", Advice: "give the prefix of a checkpoint; " + checkpointsHint(path)}
	}
	return latestPrefix(state)
}

// latestPrefix returns the prefix of the checkpoint that a state file names as the latest.
func latestPrefix(state string) (string, error) {
	prefixes, err := latestPrefixes(state)
	if err != nil {
		return "", err
	}
	for _, prefix := range prefixes {
		if _, err := FindCheckpoint(prefix); err == nil {
			return prefix, nil
		}
	}
	return prefixes[0], nil
}

// latestPrefixes returns the possible prefixes of the checkpoint that a state file names as the latest: the path in the
// state file, and the same name next to the state file, for a directory that was moved.
func latestPrefixes(state string) ([]string, error) {
	stat, err := os.Stat(state)
	if err != nil {
		return nil, err
	}
	if !stat.Mode().IsRegular() || stat.Size() > maxState {
		return nil, &Error{Name: state, Problem: "is too large for a CheckpointState or not a regular file", Err: errNoState}
	}
	data, err := os.ReadFile(state)
	if err != nil {
		return nil, err
	}
	var checkpoints tfpb.CheckpointState
	raw, err := text.Parse(data, checkpoints.ProtoReflect().Descriptor(), text.Options{})
	if err == nil {
		err = proto.Unmarshal(raw, &checkpoints)
	}
	if err != nil {
		return nil, &Error{Name: state, Problem: fmt.Sprintf("is not a CheckpointState: %v", err), Err: errNoState}
	}
	if len(data) == 0 {
		return nil, &Error{Name: state, Problem: "is empty, so it names no checkpoint", Advice: metaFilesHint(filepath.Dir(state)), Err: errNoState}
	}
	prefix := checkpoints.GetModelCheckpointPath()
	if prefix == "" {
		return nil, &Error{Name: state, Problem: "names no latest checkpoint (model_checkpoint_path is empty)", Advice: metaFilesHint(filepath.Dir(state))}
	}
	dir := filepath.Dir(state)
	prefix = shards.ReplaceAllLiteralString(prefix, "")
	moved := filepath.Join(dir, filepath.Base(filepath.FromSlash(strings.ReplaceAll(prefix, `\`, "/"))))
	if !filepath.IsAbs(prefix) {
		prefix = filepath.Join(dir, prefix)
	}
	return []string{prefix, moved}, nil
}

// isTableAt reports whether the file at path, which has the state stat, is in the table format.
func isTableAt(path string, stat os.FileInfo) bool {
	if !stat.Mode().IsRegular() || stat.Size() < TableFooter {
		return false
	}
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }() // read only
	var footer [TableFooter]byte
	_, err = file.ReadAt(footer[:], stat.Size()-TableFooter)
	return err == nil && IsTable(footer[:])
}

// exists reports whether path exists and is not a directory. It follows links.
func exists(path string) bool {
	stat, err := os.Stat(path)
	return err == nil && !stat.IsDir()
}
