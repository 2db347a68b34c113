package main

import (
	"context"
	"slices"

	"github.com/spf13/pflag"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/render"
)

// checkpointSection is the section that lists a checkpoint.
const checkpointSection = "checkpoint"

// checkpointFlags holds the flags of show for checkpoints.
type checkpointFlags struct {
	prefix string
	verify bool
}

func (c *checkpointFlags) register(f *pflag.FlagSet) {
	f.StringVar(&c.prefix, "checkpoint", "", "checkpoint `PREFIX` or its directory (default: the one next to FILE)")
	f.BoolVar(&c.verify, "verify", false, "read the whole checkpoint and verify every checksum")
}

// attach opens the checkpoint of --checkpoint, or else the one next to the file. It returns an error only for the former. If the one next to
// the file cannot be read, the section problems reports it.
func (s *showSource) attach(flags checkpointFlags) error {
	if flags.prefix != "" {
		s.model.Checkpoint, s.model.CheckpointErr = openCheckpoint(flags.prefix)
		return s.model.CheckpointErr
	}
	if prefix, found := s.file.Checkpoint(); found {
		s.model.Checkpoint, s.model.CheckpointErr = checkpoint.Open(prefix)
	}
	return nil
}

// closeCheckpoint closes the checkpoint that attach opened.
func (s *showSource) closeCheckpoint() {
	if s.model.Checkpoint != nil {
		_ = s.model.Checkpoint.Close() // it was only read
	}
}

// checkpoint returns the section checkpoint. A missing checkpoint is an error unless all sections are shown.
func (s *showSource) checkpoint() (render.View, error) {
	switch {
	case s.model.CheckpointErr != nil && s.asked:
		return render.View{}, s.model.CheckpointErr
	case s.model.Checkpoint != nil:
		match, err := s.model.Match()
		if err != nil {
			return render.View{}, err
		}
		return s.reportOf(s.model.Checkpoint, match)
	case !s.asked:
		return render.Checkpoint(nil), nil
	}
	return render.View{}, &metafile.Error{Name: s.file.Name, Problem: "has no checkpoint next to it",
		Advice: "name one with --checkpoint PREFIX, where PREFIX.index or a V1 file PREFIX exists"}
}

// reportOf returns the list of an open checkpoint, and records whether it fits the graph.
func (s *showSource) reportOf(c *checkpoint.Checkpoint, match *checkpoint.Match) (render.View, error) {
	report := checkpoint.NewReport(c)
	report.Graph = match
	if match == nil && s.model != nil {
		report.Hints = append(report.Hints, "the graph has no saver, so the tensors that its variables need are unknown")
	}
	if s.checkpoints.verify {
		bar := newProgress(s.env, "verifying "+c.Prefix, c.VerifySize())
		damaged, err := c.Verify(context.Background(), nil, bar.add)
		bar.done()
		if err != nil {
			return render.View{}, err
		}
		report.SetDamaged(damaged)
	}
	s.unfit = !report.Fits() && s.asked
	s.listed = c
	report.Pick(func(name string) bool { return s.filter.MatchName([]byte(name)) })
	if s.top > 0 {
		report.Top(s.top)
	}
	view := render.Checkpoint(report)
	if len(report.Tensors) == 0 && len(c.Tensors) > 0 {
		view.Tables = nil // no tensor matches the filters; a note is printed
	}
	return view, nil
}

// checkpointAlone shows a checkpoint without its graph. It reports whether any tensor was shown.
func (r *showRequest) checkpointAlone(env *environment, path string) (found bool, err error) {
	if first := r.sections[0].name; !r.shows(checkpointSection) && first != sectionTable()[0].name {
		return false, &metafile.Error{Name: path, Problem: "a checkpoint has no section " + first,
			Advice: "use the section checkpoint to list its tensors; the graph is in the .meta file"}
	}
	c, err := checkpoint.Open(path)
	if err != nil {
		return false, err
	}
	defer c.Close() //nolint:errcheck // read only
	source, printing := r.source, r.printing
	printing.File = c.Name
	view, err := source.reportOf(c, nil)
	if err != nil {
		return false, err
	}
	r.unfit = r.unfit || source.unfit
	view, some := view.Watched()
	if err := render.Show(env.stdout, []render.View{view}, printing); err != nil {
		return false, err
	}
	if !some() {
		r.options.noteEmpty(env, &source, sectionsNamed(checkpointSection)[0])
	}
	return some(), c.Changed()
}

// sectionsNamed returns the section with that name.
func sectionsNamed(name string) []section {
	i := slices.IndexFunc(sectionTable(), func(s section) bool { return s.name == name })
	return sectionTable()[i : i+1]
}

// checkpointTensors returns the names of the tensors in the checkpoint at path, or next to the file at path. It returns nil if there is none.
func checkpointTensors(path string) []string {
	prefix := path
	if !metafile.IsCheckpoint(path) {
		file, err := metafile.Open(path, metafile.OpenOptions{TagSetOptional: true})
		if err != nil {
			return nil
		}
		prefix, _ = file.Checkpoint()
		_ = file.Close() // it was only read
	}
	c, err := checkpoint.Open(prefix)
	if err != nil {
		return nil
	}
	defer c.Close() //nolint:errcheck // read only
	return namesIn(c)
}

// namesIn returns the names of the tensors in a checkpoint.
func namesIn(c *checkpoint.Checkpoint) []string {
	names := make([]string, len(c.Tensors))
	for i := range c.Tensors {
		names[i] = c.Tensors[i].Name
	}
	return names
}
