package inspect

import (
	"time"
)

// producerDates are the dates on which GraphDef versions were introduced, indexed by version, before versions counted
// days. In tensorflow/core/public/version.h, version 22 has the wrong year and version 23 has no date.
var producerDates = [...]string{
	1: "2015-12-02", 2: "2015-12-11", 3: "2015-12-30", 4: "2016-01-07", 5: "2016-01-07", 6: "2016-01-27", 7: "2016-02-05",
	8: "2016-02-05", 9: "2016-02-16", 10: "2016-06-10", 11: "2016-08-03", 12: "2016-08-22", 13: "2016-09-09", 14: "2016-09-10",
	15: "2016-09-14", 16: "2016-11-10", 17: "2016-11-11", 18: "2016-11-30", 19: "2016-12-08", 20: "2016-12-12", 21: "2017-01-11",
	22: "2017-04-10", 23: "2017-04-10", 24: "2017-05-30", 25: "2017-06-15", 26: "2017-12-07", 27: "2018-01-23", 28: "2018-08-21",
	29: "2019-03-25",
}

// maxProducer is the largest version interpreted as a number of days, about the year 2100.
const maxProducer = 30000

// producerDate returns the date, such as 2016-09-14, on which a GraphDef version was introduced. The TensorFlow
// release that made the graph is about that old. It returns "" if the version has no known date.
func producerDate(producer int32) string {
	switch {
	case producer <= 0 || producer > maxProducer:
		return ""
	case int(producer) < len(producerDates):
		return producerDates[producer]
	}
	// Version 30 is May 9, 2019. Each later day adds one.
	return time.Date(2019, time.May, 9+int(producer)-30, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}
