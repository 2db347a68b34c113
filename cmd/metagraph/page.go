package main

import (
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"

	"github.com/metagraph/metagraph/internal/diff"
	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/render/page"
)

// writePage writes a page to standard output, or to a temporary file that it opens in a browser.
func (p *printingFlags) writePage(env *environment, page func(io.Writer) error) error {
	if !p.open {
		return page(env.stdout)
	}
	path, err := metafile.WriteTemporary("metagraph-*.html", page)
	if err != nil {
		return err
	}
	name, args := browser(path)
	command := exec.Command(name, args...)
	command.Stdout, command.Stderr = env.stdout, env.stderr
	if err := command.Run(); err != nil {
		return usageErrorf("open "+render.Text(path), "cannot open a browser: %v", err)
	}
	_, err = fmt.Fprintf(env.stderr, "opened %s\n", render.Text(path))
	return err
}

// browser returns the command that opens a file in the user's browser.
func browser(path string) (string, []string) {
	switch runtime.GOOS {
	case "darwin":
		return "open", []string{path}
	case "windows":
		return "rundll32", []string{"url.dll,FileProtocolHandler", path}
	}
	return "xdg-open", []string{path}
}

// page writes the whole file to w as one HTML page.
func (s *showSource) page(w io.Writer) error {
	others := []string{nodesSection, scopesSection, tagSetsSection} // the page has its own form of nodes and scopes
	sections := slices.DeleteFunc(sectionTable(), func(t section) bool { return slices.Contains(others, t.name) })
	views, err := s.views(sections, false)
	if err != nil {
		return err
	}
	return s.file.Annotate(page.Show(w, page.Content{Name: s.file.Name, Model: s.model, Views: views}))
}

// diffPage writes a comparison to w as one HTML page.
func diffPage(w io.Writer, a, b diffInput, report *diff.Report) error {
	return page.Diff(w, page.DiffContent{A: model.New(a.meta()), B: model.New(b.meta()), Report: report})
}
