package render

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect"
)

// Savers returns the section saver.
func Savers(l *inspect.SaverList) View {
	g := grid{columns: []column{{name: "saver"}, {name: "format"}, {name: "sharded"}, {name: "max to keep", right: true}, {name: "keep every", ifAny: true},
		{name: "filename tensor", key: true, below: true}, {name: "save tensor", key: true, below: true}, {name: "restore op", key: true, below: true}}}
	add := func(name string, s *inspect.Saver) {
		g.rows = append(g.rows, []string{name, s.Version, yesNo(s.Sharded), strconv.Itoa(int(s.MaxToKeep)), hours(s.KeepCheckpointEveryHour),
			s.FilenameTensor, s.SaveTensor, s.RestoreOp})
	}
	if l.Saver != nil {
		add("saver_def", l.Saver)
	}
	for i := range l.Savers {
		add(fmt.Sprintf("savers[%d]", i), &l.Savers[i])
	}
	if l.Saver == nil {
		g.note = "no saver_def"
	}
	lines := each(g.rows, func(row *[]string) string { return strings.Join((*row)[5:], "\t") }) // the names of tensors and ops
	return View{Tables: []grid{g}, Values: lines, fields: []member{{"saver", l.Saver}, {"savers", l.Savers}}}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// hours returns how often a checkpoint is kept permanently. TensorFlow's Saver uses 10,000 hours for "never".
func hours(h float32) string {
	if h == 0 || h >= 10000 {
		return ""
	}
	return strconv.FormatFloat(float64(h), 'g', -1, 32) + " h"
}
