# What a task of an array runs: Node and the cosmicai command. Pack that first: npm run pack:all
FROM node:24-slim
ARG PACKAGE=cosmicai-0.1.0.tgz
COPY ${PACKAGE} /tmp/cosmicai.tgz
RUN npm install --global /tmp/cosmicai.tgz && rm -rf /tmp/cosmicai.tgz /root/.npm
# Another model than the demo's: COPY model.onnx /model.onnx, and ENV COSMICAI_MODEL=/model.onnx
USER node
WORKDIR /tmp
ENTRYPOINT ["cosmicai"]
CMD ["rank", "--help"]
