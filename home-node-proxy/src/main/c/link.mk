# Sources of the common ground of deputy and capsule, for include: set LINK_DIR to this folder first.
LINK_SOURCES = $(addprefix $(LINK_DIR)/,bytes.c loop.c hull.c link.c)
LINK_HEADERS = $(LINK_DIR)/link.h
