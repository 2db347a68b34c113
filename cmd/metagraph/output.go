package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/wire"
)

// outputFlags are the flags by which every rewriting command says what to do with its result.
type outputFlags struct {
	format       string
	allowUnknown bool
	quiet        bool
	dryRun       bool
	report       string
}

// register adds the flags to a command.
func (out *outputFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&out.format, "output-format", "auto", "`format` of the output: auto (by its name), binary, text or json")
	f.BoolVar(&out.allowUnknown, "allow-unknown", false, "write fields that the schema does not have into text, by number")
	f.BoolVarP(&out.quiet, "quiet", "q", false, "do not say what was changed")
	f.BoolVar(&out.dryRun, "dry-run", false, "say what would be changed, write nothing else")
	f.StringVar(&out.report, "report", "text", "`form` in which stderr says what was changed: text or json")
}

// check refuses values that no output has, before a file is opened.
func (out *outputFlags) check() error {
	if _, err := metafile.ParseFormat(out.format); err != nil {
		return usageErrorf("leave out --output-format: the name of the output tells the format", "--output-%v", err)
	}
	if out.report != "text" && out.report != "json" {
		return usageErrorf("give text or json", "--report %q is not known", out.report)
	}
	return nil
}

// A result is what a rewriting command made.
type result struct {
	message *wire.Rope
	kind    metafile.Kind
	report  render.Report
	ready   func() error // what else must succeed right before a file takes the place of the old one; may be nil
}

// write writes a result to path and says what was changed. The inputs are looked at once more before a file is replaced, and
// released.
func (out *outputFlags) write(ctx context.Context, env *environment, path string, r result, inputs ...*metafile.File) error {
	path = target(path, r.kind, inputs...)
	format, err := metafile.ParseFormat(out.format)
	if err != nil {
		return err
	}
	if err := metafile.CheckKind(path, r.message, r.kind, format); err != nil {
		return err
	}
	options := metafile.WriteOptions{
		Format:       format,
		AllowUnknown: out.allowUnknown,
		Stdout:       env.stdout,
		Terminal:     env.stdoutTerminal,
		Ready: func() error {
			if err := changed(inputs); err != nil {
				return err
			}
			if r.ready != nil {
				if err := r.ready(); err != nil {
					return err
				}
			}
			for _, in := range inputs {
				if err := in.Close(); err != nil {
					return err
				}
			}
			return nil
		},
	}
	if out.dryRun {
		err = cmp.Or(metafile.Try(ctx, path, r.message, r.kind, options), changed(inputs))
	} else {
		err = metafile.Write(ctx, path, r.message, r.kind, options)
	}
	if err == nil {
		return out.say(env, r.report)
	}
	if changed := changed(inputs); changed != nil {
		return changed // which may be why it could not be written
	}
	return err
}

// changed returns an error where one of the inputs is not what it was when it was opened.
func changed(inputs []*metafile.File) error {
	for _, in := range inputs {
		if err := in.Changed(); err != nil {
			return err
		}
	}
	return nil
}

// target returns the file that OUT means. Where it is spelled like an input that is a directory or a checkpoint prefix, that is
// the file in which the input was found, if that holds the kind of message that is to be written.
func target(path string, kind metafile.Kind, inputs ...*metafile.File) string {
	for _, in := range inputs {
		if in.Path != "" && path != "" && filepath.Clean(in.Given) == filepath.Clean(path) && in.Kind == kind {
			return in.Path
		}
	}
	return path
}

// say tells a person on stderr what was changed.
func (out *outputFlags) say(env *environment, report render.Report) error {
	if out.quiet {
		return nil
	}
	if out.report == "json" {
		return render.ReportJSON(env.stderr, report)
	}
	_, err := fmt.Fprintln(env.stderr, render.Message(report.Line()))
	return err
}

// found ends a check of in: it says what there is, and returns errFound if there is something.
func (out *outputFlags) found(env *environment, in *metafile.File, report render.Report, found bool) error {
	if err := in.Changed(); err != nil {
		return err
	}
	if err := out.say(env, report); err != nil {
		return err
	}
	if found {
		return errFound
	}
	return nil
}
