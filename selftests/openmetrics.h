/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A strict reader of OpenMetrics text: of what fanfp writes, which is counters
 * and gauges with a unit, and nothing that the standard does not allow
 */
#ifndef _SELFTESTS_OPENMETRICS_H
#define _SELFTESTS_OPENMETRICS_H

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OM_MAX_SERIES	512

struct openmetrics {
	/* The family that lines are of now, and which metadata it has had. */
	char family[128];
	bool type, unit, help, samples;
	bool counter;
	/* All families, each between newlines, and all series. */
	char families[4096];
	char series[OM_MAX_SERIES][512];
	int n_series;
};

static inline size_t om_name(const char *text)
{
	size_t len = 0;

	if (!isalpha(*text) && *text != '_' && *text != ':')
		return 0;
	while (isalnum(text[len]) || text[len] == '_' || text[len] == ':')
		len++;
	return len;
}

/* "# TYPE family ..." and the like; returns what is wrong, or NULL. */
static inline const char *om_metadata(struct openmetrics *om, const char *line)
{
	char key[8], family[128], wanted[140];
	int at = 0;

	if (sscanf(line, "# %7s %127s %n", key, family, &at) != 2 || !at ||
	    !line[at])
		return "metadata without a value";
	if (om_name(family) != strlen(family))
		return "not a name";
	if (strcmp(family, om->family)) {
		snprintf(wanted, sizeof(wanted), "\n%s\n", family);
		if (strstr(om->families, wanted))
			return "a family comes back";
		strcat(om->families, wanted);
		strcpy(om->family, family);
		om->type = false;
		om->unit = false;
		om->help = false;
		om->samples = false;
	}
	if (om->samples)
		return "metadata behind samples";
	if (!strcmp(key, "TYPE")) {
		if (om->type)
			return "TYPE twice";
		om->type = true;
		om->counter = !strcmp(line + at, "counter");
		return om->counter || !strcmp(line + at, "gauge") ? NULL :
			"an unknown type";
	}
	if (!strcmp(key, "UNIT")) {
		snprintf(wanted, sizeof(wanted), "_%s", line + at);
		if (om->unit)
			return "UNIT twice";
		om->unit = true;
		return strlen(family) > strlen(wanted) &&
			!strcmp(family + strlen(family) - strlen(wanted), wanted) ?
			NULL : "the name does not end with its unit";
	}
	if (strcmp(key, "HELP"))
		return "an unknown comment";
	if (om->help)
		return "HELP twice";
	om->help = true;
	return NULL;
}

/* Labels, from '{' to '}'; NULL if they are not right. */
static inline const char *om_labels(const char *at)
{
	char names[512] = ",", name[130];
	size_t len;

	do {
		at++;
		len = om_name(at);
		if (!len || len > 100 || strncmp(at + len, "=\"", 2))
			return NULL;
		snprintf(name, sizeof(name), ",%.*s,", (int)len, at);
		if (strstr(names, name))
			return NULL;	/* twice */
		strcat(names, name + 1);
		for (at += len + 2; *at != '"'; at++) {
			if (!*at || (unsigned char)*at < ' ')
				return NULL;
			if (*at == '\\' && !strchr("\\\"n", *++at))
				return NULL;
		}
		at++;
	} while (*at == ',');
	return *at == '}' ? at + 1 : NULL;
}

/* A sample; returns what is wrong, or NULL. */
static inline const char *om_sample(struct openmetrics *om, const char *line)
{
	size_t len = om_name(line), i;
	char wanted[140];
	const char *at;
	char *end;

	if (!om->type || !om->unit || !om->help)
		return "a sample without TYPE, UNIT and HELP";
	om->samples = true;
	snprintf(wanted, sizeof(wanted), "%s%s", om->family,
		 om->counter ? "_total" : "");
	if (len != strlen(wanted) || strncmp(line, wanted, len))
		return "a sample of another family";
	at = line[len] == '{' ? om_labels(line + len) : line + len;
	if (!at)
		return "wrong labels";
	if (*at != ' ' || !isdigit(at[1]))
		return "no value";
	strtoull(at + 1, &end, 10);
	if (*end)
		return "something behind the value";
	for (i = 0; i < (size_t)om->n_series; i++) {
		if (strlen(om->series[i]) == (size_t)(at - line) &&
		    !strncmp(om->series[i], line, at - line))
			return "a series comes twice";
	}
	if (om->n_series == OM_MAX_SERIES)
		return "too many series for this test";
	snprintf(om->series[om->n_series++], sizeof(om->series[0]), "%.*s",
		 (int)(at - line), line);
	return NULL;
}

/* What is wrong with @text, with the line; "" if it is OpenMetrics. */
static inline const char *openmetrics_check(const char *text)
{
	static char problem[1200];
	static struct openmetrics om;
	char line[1024];
	const char *wrong = NULL;

	memset(&om, 0, sizeof(om));
	while (!wrong) {
		size_t len = strcspn(text, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		if (!text[len])
			wrong = "the last line has no end, or is not # EOF";
		else if (!strcmp(line, "# EOF"))
			return text[len + 1] ? "something behind # EOF" : "";
		else if (!strncmp(line, "# ", 2))
			wrong = om_metadata(&om, line);
		else
			wrong = om_sample(&om, line);
		text += len + 1;
	}
	snprintf(problem, sizeof(problem), "%s: %s", wrong, line);
	return problem;
}

#endif /* _SELFTESTS_OPENMETRICS_H */
