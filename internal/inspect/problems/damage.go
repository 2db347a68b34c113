package problems

import (
	"github.com/metagraph/metagraph/internal/schema"
)

// maxDamage is the maximum number of reported places. A single one makes TensorFlow reject the file.
const maxDamage = 100

// findDamage reports everything in the file that protobuf rejects. A damaged node is an error wherever it is, even in a function
// that is never called.
func (f *problemFinder) findDamage() {
	if f.sound {
		return
	}
	for _, d := range schema.CheckMetaGraph(f.m, maxDamage) {
		f.found.add(damagedMessage, "", fixed(damagedPlace(d)), fixed(damageMessage(d)))
	}
}

// damagedPlace returns the damaged node or field.
func damagedPlace(d schema.Damage) string {
	switch {
	case d.Function != "" && d.Node != "":
		return "function " + shown(d.Function) + ", node " + shown(d.Node)
	case d.Function != "":
		return "function " + shown(d.Function)
	case d.Node != "":
		return "node " + shown(d.Node)
	case d.Path != "":
		return d.Path
	}
	return "the file"
}

// damageMessage returns what is wrong. It includes the field unless damagedPlace does.
func damageMessage(d schema.Damage) string {
	if d.Path == "" || d.Path == damagedPlace(d) {
		return d.Reason
	}
	return d.Path + ": " + d.Reason
}
