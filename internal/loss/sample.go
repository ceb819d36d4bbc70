package loss

// Sample returns what somebody learnt in the field: 28 planted facts among other
// statements. It is a made-up sample about a made-up product.
func Sample() Artefact {
	return Artefact{Stage: "field notes", Facts: facts(), Notes: talk(), Dropped: []Drop{}}
}

// facts are what the last stage still needs: ids, constraints, reasons, exclusions.
func facts() []Entry {
	return []Entry{
		{"id-01", "The request is recorded as REQ-4471 and asked for by trial sites 12, 19 and 33."},
		{"id-02", "The agreed source of cohort membership is table clin.cohort_v3, not the older clin.groups."},
		{"id-03", "The signed agreement with the sites is document DPA-2025-118."},
		{"id-04", "Metric M-7 counts a site as served when its export opens without a correction."},
		{"id-05", "Defect BUG-902 in the viewer turns empty cells into zero."},
		{"id-06", "The pilot's results are kept under EXP-31 and may be cited."},
		{"id-07", "Site 19 is the only one that reads files with a comma as the decimal sign."},
		{"con-01", "All visit times are stored in UTC; a day begins at midnight of the site's own time zone."},
		{"con-02", "No cohort of fewer than ten patients may be shown or exported."},
		{"con-03", "Names and birth dates never leave the hospital network, not even in logs."},
		{"con-04", "An export has to finish within 15 minutes, because the transfer window closes after that."},
		{"con-05", "The site firewall lets only files up to 200 MB through."},
		{"con-06", "The regulator asks that each exported row can be traced to its source row for five years."},
		{"con-07", "Nothing may change in the week before the interim analysis on 14 September."},
		{"why-01", "Breakdowns are by cohort and not by patient, because single patients could be recognised."},
		{"why-02", "The nightly job was chosen over streaming because sites review data only in the morning."},
		{"why-03", "CSV was kept beside Parquet because two sites may not install new software."},
		{"why-04", "Retries stop after three, because a fourth once locked the source for an hour."},
		{"why-05", "The old dashboard stays until January because the audit cites its page numbers."},
		{"why-06", "The threshold of ten patients comes from the ethics board and not from the law."},
		{"why-07", "Weekly counts were refused because holidays made them useless at small sites."},
		{"not-01", "Paediatric cohorts are out of scope until consent forms are renewed."},
		{"not-02", "Free-text comments are excluded, because they often hold names."},
		{"not-03", "Imputed lab values must not be mixed with measured ones."},
		{"not-04", "Screening failures are not patients and are left out of every count."},
		{"not-05", "The time zone of site 33 changed in 2023; earlier visits there are not comparable by hour."},
		{"not-06", "Site 12's data before its migration in May is incomplete and not used."},
		{"not-07", "The word active means enrolled and dosed, not merely enrolled."},
	}
}

// talk is what else was said.
func talk() []string {
	return []string{
		"Analysts at the sites copy numbers into spreadsheets every Monday morning.",
		"The current export by cohort stops after ten thousand rows and nobody is told.",
		"Most people open the export once and then ask a colleague for the numbers.",
		"The clinical director wants one page that shows how the cohorts develop.",
		"Two sites said that the export is the first thing they open in the morning.",
		"Somebody in finance opened the dashboard by accident and asked what it is for.",
		"People call the same number by three names, depending on the team.",
		"The analysts like that the export remembers their last filter.",
		"One site prints the export and puts it on the wall of the study office.",
		"The export fails more often at the end of the month, when everybody runs it.",
		"Analysts said that they would use the export daily if it were reliable.",
		"The data team answers about thirty questions on the export each week.",
		"A site manager asked whether the export could be sent by mail.",
		"The export is slow in the afternoon and quick before nine.",
		"Nobody knows who decided on the present layout of the export.",
		"Analysts compare the export with their own lists and find differences.",
		"The cohort names are long and are cut off in the export's header.",
		"A new analyst needs about two weeks to understand the export.",
		"The sites would like to see which rows changed since the last export.",
		"Several analysts keep private copies of the export for fear of losing it.",
		"The study office wants to choose the cohorts that are exported.",
		"An analyst showed a script that merges four exports into one sheet.",
		"People trust the export more than the dashboard because they can count the rows.",
		"The director asked for the share of sites that use the export each week.",
		"The export's help page was last changed three years ago.",
		"Two analysts wrote their own guide to the export and share it by chat.",
		"The sites asked for fewer columns and clearer names in the export.",
		"Some analysts run the export twice to be sure that it is complete.",
		"The team was praised for answering questions about the export quickly.",
		"A site stopped using the export after two failures in one week.",
	}
}

// Stages are eleven boundaries from field notes to what the next cycle reads.
// What each writes of its own is a sample too.
func Stages() []Stage {
	return []Stage{
		{"problem brief", []string{
			"Analysts lose time because the export by cohort fails and has to be repeated.",
			"The problem concerns analysts at all sites who report by cohort each week.",
			"Solving it would save the data team most questions about the export.",
			"Success means that analysts use the export each week without repeating it.",
			"The director sees the export as the first priority of the cycle.",
		}},
		{"shaped pitch", []string{
			"The appetite is six weeks for one team of three people.",
			"The solution sends each site a finished export by cohort in the morning.",
			"A rabbit hole is to make the layout of the export configurable.",
			"The bet is on reliability of the export and not on new features.",
			"If the first site is not served after four weeks the team stops.",
		}},
		{"architecture note", []string{
			"A nightly job reads the warehouse and writes one file for each site.",
			"The job runs in the cluster and keeps its state in the warehouse.",
			"Two options for the storage of the files were compared by cost.",
			"Failures of the job are retried and reported to the team.",
			"The interface of the job is a table of requests and a folder of files.",
		}},
		{"tickets", []string{
			"As an analyst I want the file of my site in the morning.",
			"As a team we want an alert when the job fails.",
			"The job writes a file in the agreed layout with one row for each cohort and week.",
			"The layout of the file is tested against the sample of the first site.",
			"A ticket is done when its test passes and its file opens.",
		}},
		{"implementation note", []string{
			"The job is a command with a configuration file for each site.",
			"The writer streams rows to the file and closes it at the end.",
			"A checksum is written beside each file when it is complete.",
			"The configuration is read once when the command starts.",
			"Logs are structured and carry the number of the run.",
		}},
		{"test plan", []string{
			"The command is tested with small and with large configurations.",
			"Each test compares the file with one that was checked by hand.",
			"A test stops the command in the middle and starts it again.",
			"The tests run each night in the cluster and take ten minutes.",
			"Users of the first site try the file in the third week.",
		}},
		{"test report", []string{
			"All tests of the command passed in the last three nights.",
			"The largest file took four minutes in the cluster.",
			"Users of the first site opened the file and found no difference.",
			"One test was changed because its sample was out of date.",
			"The coverage of the writer is ninety percent.",
		}},
		{"release note", []string{
			"The release brings the morning file to the first two sites.",
			"The release is switched on for each site by its configuration.",
			"Going back to the earlier release takes five minutes.",
			"The sites were told about the release by their managers.",
			"The team watches the release during the first week.",
		}},
		{"runbook", []string{
			"When the alert comes, look at the number of the run in the logs.",
			"When a file is missing, start the command again for that site.",
			"When going back, switch the site off in its configuration.",
			"The person on duty is named in the calendar of the team.",
			"The alert comes when a file is later than seven in the morning.",
		}},
		{"evaluation", []string{
			"In the first month the file was late on two mornings.",
			"Users at both sites open the file on most working days.",
			"Questions to the team fell to about half.",
			"One site still keeps a private copy of the file.",
			"The alert came three times, once without a reason.",
		}},
		{"learnings", []string{
			"A file that is there in the morning is used more than a page.",
			"Telling users of a failure matters as much as repairing it.",
			"The next cycle should bring the file to the other sites.",
			"Private copies show that trust comes back slowly.",
			"The share of sites that use the file each week is the number to watch.",
		}},
	}
}
