# The image of RenderFunction (infra/render.yaml): the crawl function with Debian's Chromium. Its context is the
# project's folder; `sam build --template infra/render.yaml` makes it, and needs Docker.
FROM public.ecr.aws/docker/library/python:3.13-slim-bookworm

RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /var/task
COPY infra/constraints.txt infra/requirements/crawl.txt infra/requirements/render.txt ./
RUN pip install --no-cache-dir --constraint constraints.txt --requirement crawl.txt --requirement render.txt

COPY functions/crawl.py ./
COPY functions/dateline dateline
COPY spiders spiders
RUN python -m compileall -q --invalidation-mode unchecked-hash .

# Only /tmp can be written to in a function.
ENV HOME=/tmp
ENTRYPOINT ["python", "-m", "awslambdaric"]
CMD ["crawl.handler"]
