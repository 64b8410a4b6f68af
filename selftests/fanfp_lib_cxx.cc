// SPDX-License-Identifier: GPL-2.0-only
/*
 * The header of libfanfp in C++, with all warnings: for scripts/check-install
 */
#include <fanfp.h>

static int end_it(const struct fanfp_handler_info *, void *)
{
	return 1;
}

int main()
{
	LIBFANFP_OPTS(fanfp_open_opts, open_opts, .name = "mine");
	LIBFANFP_OPTS(fanfp_attach_opts, none);
	fanfp_handler *handler = fanfp_handler__open_builtin("subtree", &open_opts);
	fanfp_link *link = nullptr;

	fanfp_set_print(nullptr);
	if (handler)
		link = fanfp_handler__attach(handler, -1, &none);
	fanfp_handler__close(handler);
	fanfp_link__destroy(link);
	fanfp_registry__for_each(end_it, nullptr);
	return handler && !link && *fanfp_last_error() ? 0 : 1;
}
